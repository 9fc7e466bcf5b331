"""`specfirst proxy`: stand before any server, and compare its requests and responses with the contract."""

from __future__ import annotations

import argparse

from specfirst.cli.config import Config
from specfirst.cli.inputs import (
    add_skip_argument,
    check_server,
    path_setting,
    read_contract,
    servable,
    setting,
)
from specfirst.cli.listening import (
    LISTENING,
    POLICIES,
    add_listening_arguments,
    add_policy_arguments,
    addresses,
    policies,
    serve,
)
from specfirst.problems import counted

SUMMARY = "Stand before a server, and validate its requests and responses with the contract."
EXAMPLES = """\
  specfirst proxy openapi.yaml http://127.0.0.1:3000 --port 8080
  specfirst proxy openapi.yaml http://127.0.0.1:3000 --fail      refuse what violates the contract
  specfirst coverage openapi.yaml                                what the proxy has seen

Each violation is a line of the log and a part of the response header X-Contract-Violation.

exit status:
  0  stopped; no request and no response has violated the contract
  1  stopped; at least one has
  2  the command could not run"""
EXTRA = "serve,lint"
SETTINGS = {
    **LISTENING,
    **POLICIES,
    "fail": {"type": "boolean", "description": "Refuse what violates the contract (default: false)."},
    "max-body": {
        "type": "integer",
        "minimum": 0,
        "description": "Larger bodies, in bytes, pass without validation (default: 10485760).",
    },
    "observations": {
        "type": "string",
        "description": "The folder of the observations for the coverage (default: .specfirst/observations).",
    },
}

OBSERVATIONS = ".specfirst/observations"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="CONTRACT", help="a file, a URL or git:REVISION:PATH")
    parser.add_argument("upstream", metavar="URL", help="the server, such as http://127.0.0.1:3000")
    add_listening_arguments(parser)
    parser.add_argument(
        "--fail",
        action=argparse.BooleanOptionalAction,
        help="do not forward requests that violate the contract, and send 502 for such responses",
    )
    parser.add_argument(
        "--max-body",
        type=int,
        metavar="BYTES",
        help="larger bodies pass without validation (default: 10485760)",
    )
    parser.add_argument(
        "--observations",
        metavar="FOLDER",
        help=f"where to record what `specfirst coverage` reads (default: {OBSERVATIONS})",
    )
    add_skip_argument(parser)
    add_policy_arguments(parser)


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.contract.document import DocumentError
    from specfirst.coverage import Recorder
    from specfirst.runtime.validating_proxy import DEFAULT_LIMIT, VIOLATION, ValidatingProxy

    settings = config.section("proxy")
    contract = read_contract(arguments.file)
    check_server(arguments.upstream)
    document = servable(contract, skip=arguments.skip_unservable)
    recorder = Recorder(path_setting(arguments, settings, config, "observations", OBSERVATIONS), document)
    try:
        proxy = ValidatingProxy(
            document,
            arguments.upstream,
            fail=setting(arguments, settings, "fail", False),
            limit=setting(arguments, settings, "max-body", DEFAULT_LIMIT),
            observe=recorder.record,
            **policies(arguments, settings),
        )
        say = [f"Proxy     {address}" for address in addresses(document)]
    except DocumentError as error:
        raise contract.error(error) from None
    say += [f"Server    {arguments.upstream}", f"Violations are in the log and in the header {VIOLATION}"]
    serve(proxy, arguments, settings, say, date=False)
    print(f"{counted(proxy.requests, 'request')}, {proxy.violations} with a violation of the contract")
    return 1 if proxy.violations else 0
