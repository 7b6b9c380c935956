"""The exceptions of the lab. Pages and the terminal show an error's text to the person who caused it."""


class LabError(Exception):
    """The base of every error that a page or the terminal shows as a sentence."""


class ArchitectureError(LabError):
    """Report a network that cannot be read or built."""


class ShapeError(LabError):
    """Report a layer that does not fit its input. The text says what to change."""


class PastedTextError(LabError):
    """Report pasted text that cannot be read at all. `line` counts from 1; it is None if no line is to blame."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class ConfigError(LabError):
    """Report a run that cannot be trained with these settings."""


class DataError(LabError):
    """Report images that are missing, damaged or cannot be read."""


class DownloadError(LabError):
    """Report a download that did not finish."""


class StoreError(LabError):
    """Report a store that cannot be opened, read or written."""


class DamagedFileError(StoreError):
    """Report a store's file that SQLite cannot read, or not all of it."""


class DamagedRunError(StoreError):
    """Report a run whose rows in the store are damaged. `what` says which, as in "a record is damaged"."""

    def __init__(self, run_id: str, what: str) -> None:
        super().__init__(f"Run {run_id} cannot be read: {what}. Start the app again, then train the run again.")
        self.run_id = run_id
        self.what = what


class NoCheckpointError(StoreError):
    """Report a fork whose parent run or checkpoint does not exist."""


class EngineError(LabError):
    """Report workers that cannot be reached, or an action that is refused."""


class ReceiptError(LabError):
    """Report a file that is not a complete receipt of a run."""


class WeightsError(LabError):
    """Report a file that has no weights of a run, or weights that do not fit its network."""


class PictureError(LabError):
    """Report a picture that cannot be read, or that shows nothing."""


class TableError(LabError):
    """Report a table that cannot be read, or that lacks what is needed. The text continues "class.csv: "."""


class OutputError(LabError):
    """Report a file that a command cannot write, or that it would overwrite although it reads it."""


class ReportError(LabError):
    """Report a homework report that cannot be written."""
