"""What all tests share: how many random examples Hypothesis tries.

Few, and the same in every run; many, and others each time, with `--hypothesis-profile slow`.
"""

from hypothesis import settings

MORE = 25

settings.register_profile("ci", max_examples=40, deadline=None, derandomize=True, database=None)
settings.register_profile("slow", max_examples=40 * MORE, deadline=None)
settings.load_profile("ci")


def pytest_collection_modifyitems(items):
    """Where a test says how many examples it takes, it means the short run."""
    if settings.get_current_profile_name() != "slow":
        return
    for item in items:
        chosen = getattr(item.obj, "_hypothesis_internal_use_settings", None)
        if chosen is not None and chosen.max_examples < 40 * MORE:
            item.obj._hypothesis_internal_use_settings = settings(
                chosen, max_examples=chosen.max_examples * MORE
            )
