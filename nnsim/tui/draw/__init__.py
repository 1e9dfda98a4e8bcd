"""Drawing: what every panel of the app is made of."""
