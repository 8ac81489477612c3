"""``python -m auscult``, and the command ``auscult``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C is quiet from the first import on."""
    try:
        from auscult.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
