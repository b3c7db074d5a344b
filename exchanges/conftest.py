from exchanges.tests.patience import _patience

__all__ = ["_patience"]
