"""One key at a time: a key waits until the one before has had its effect.

Textual hands every key at once to the widget that has the focus then. When keys come in a burst (a
slow connection, a paste, a fast typist), those that follow ``5`` or ``:`` would still go to the
widget that had the focus before, and run as its shortcuts.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen

PATIENCE = 0.25  # seconds to wait for a sign that may be lost with a widget that is removed


class KeyDone(Message, bubble=True):
    """Follows a key on its way up from the widget that got it; when it arrives, the key is done."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__()


class KeyQueue(App[None]):
    """An app that takes its keys one after the other."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._waiting_keys: deque[events.Key] = deque()
        self._keys_taken = 0
        self._key_in_work = False
        self._keys_held = False
        self._holds = 0

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_in_work or self._keys_held:
            self._waiting_keys.append(event)
        else:
            await self._take(event)

    async def _take(self, key: events.Key) -> None:
        self._key_in_work = True
        self._keys_taken += 1
        number = self._keys_taken
        target = self.focused or self.screen
        _tell(self.screen, "give_way")  # what computes in a thread waits until the key is answered
        await super().on_event(key)
        target.post_message(KeyDone(number))
        self.set_timer(PATIENCE, lambda: self._done(number))

    def on_key_done(self, message: KeyDone) -> None:
        """Take the next key, after what the last one has put off until now (such as a focus)."""
        self.call_later(self._done, message.number)

    async def _done(self, number: int) -> None:
        if number == self._keys_taken and self._key_in_work:
            self._key_in_work = False
            _tell(self.screen, "go_on")
            await self._next_key()

    async def _next_key(self) -> None:
        if self._waiting_keys and not self._keys_held and not self._key_in_work:
            await self._take(self._waiting_keys.popleft())

    def hold_keys(self) -> None:
        """Let keys wait for something that is about to take them."""
        self._keys_held = True
        self._holds += 1
        number = self._holds
        self.set_timer(4 * PATIENCE, lambda: self._give_up(number))

    def _give_up(self, number: int) -> None:
        """What should have taken the keys did not come; a later wait goes on."""
        if number == self._holds:
            self.release_keys()

    def release_keys(self) -> None:
        """Hand over the keys that came meanwhile."""
        if self._keys_held:
            self._keys_held = False
            self.call_later(self._next_key)


def _tell(screen: Screen[Any], name: str) -> None:
    method = getattr(screen, name, None)
    if method is not None:
        method()


def hold_keys(node: MessagePump) -> None:
    """Let the keys of the app wait, until `release_keys` or for a second at most."""
    if isinstance(node.app, KeyQueue):
        node.app.hold_keys()


def release_keys(node: MessagePump) -> None:
    """Hand over the keys that waited."""
    if isinstance(node.app, KeyQueue):
        node.app.release_keys()
