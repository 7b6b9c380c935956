"""The exceptions of the lab. Pages and the terminal show an error's text to the person who caused it."""


class LabError(Exception):
    """The base of every error that a page or the terminal shows as a sentence."""


class ArchitectureError(LabError):
    """Report a network that cannot be read or built."""


class ShapeError(LabError):
    """Report a layer that does not fit its input. The text says what to change."""


class ConfigError(LabError):
    """Report a run that cannot be trained with these settings."""


class DataError(LabError):
    """Report images that are missing, damaged or cannot be read."""


class DownloadError(LabError):
    """Report a download that did not finish."""


class StoreError(LabError):
    """Report a store that cannot be opened, read or written."""


class NoCheckpointError(StoreError):
    """Report a fork whose parent run or checkpoint does not exist."""


class EngineError(LabError):
    """Report workers that cannot be reached, or an action that is refused."""


class ReceiptError(LabError):
    """Report a file that is not a complete receipt of a run."""
