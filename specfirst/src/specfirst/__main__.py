"""`python -m specfirst` is the command `specfirst`."""

import sys

from specfirst.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
