"""Every error a user can meet, in one tree.

AuscultError
├── OptionError     an argument is out of range or contradicts another         (exit code 2, HTTP 422)
├── AudioError      a recording cannot be read, or cannot be used as it is     (exit code 3, HTTP 422)
├── DataError       a folder or a set of clips cannot be used as it is         (exit code 3)
├── DeviceError     a sound device is missing, or does not deliver             (exit code 3)
├── MachineError    the clip's machine is not said, or not in the bundle       (exit code 3, HTTP 422)
├── BundleError     a bundle or a model file is damaged, foreign or too new    (exit code 3)
└── MissingExtraError   (in `auscult.extras`) a package is not installed       (exit code 3)

To catch whatever Auscult itself may say::

    try:
        verdict = auscult.load("fan.auscult").predict("clip.wav")
    except auscult.AuscultError as error:
        print(error)
"""


def printable(name: str) -> str:
    """Name of a file as any terminal and JSON can take it: bytes that are no UTF-8 are written as escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


class AuscultError(Exception):
    """What is wrong, where, and what to do about it.

    Parameters
    ----------
    where : str
        The file, folder, option or field at fault, as the user named it.
    problem : str
        What is wrong with it: a clause without a full stop.
    remedy : str
        What the user can do: a whole sentence, or two.
    """

    exit_code = 3

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        where = printable(where)
        super().__init__(f"{where}: {problem}. {remedy}")
        self.where = where
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["AuscultError"], tuple[str, str, str]]:
        """Travel between processes as what it was made of."""
        return type(self), (self.where, self.problem, self.remedy)


class OptionError(AuscultError):
    """An argument is out of range or contradicts another."""

    exit_code = 2


class AudioError(AuscultError):
    """A recording cannot be read, or cannot be used as it is."""


class DataError(AuscultError):
    """A folder or a set of clips cannot be used as it is."""


class DeviceError(AuscultError):
    """A sound device is missing, or does not deliver."""


class MachineError(AuscultError):
    """The clip's machine is not said, or the bundle does not know it."""


class BundleError(AuscultError):
    """A bundle or a model file is damaged, foreign or too new."""
