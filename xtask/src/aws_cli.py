"""Runs several AWS CLI commands in one process, since each process spends half a second on imports.

Reads a JSON list of argument lists from standard input; prints a JSON list with what each command printed.
"""

import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver

driver = create_clidriver()
answers = []
for arguments in json.load(sys.stdin):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        status = driver.main(arguments)
    if status != 0:
        sys.exit(f"`aws {' '.join(arguments)}` failed with {status}")
    answers.append(output.getvalue())
json.dump(answers, sys.stdout)
