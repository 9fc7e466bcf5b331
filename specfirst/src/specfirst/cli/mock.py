"""`specfirst mock`: answer every operation of a contract with its examples, or with values of its schemas."""

from __future__ import annotations

import argparse

from specfirst.cli.config import Config
from specfirst.cli.inputs import add_skip_argument, read_contract, servable, setting
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

SUMMARY = "Answer every operation of a contract with an example, without code."
EXAMPLES = """\
  specfirst mock openapi.yaml --port 8080
  specfirst mock https://example.com/openapi.json --seed 7
  curl localhost:8080/pets -H 'Prefer: code=404'            another declared status
  curl localhost:8080/pets -H 'Prefer: example=empty'       an example by its name

Requests are validated as in a real server. A credential of the right form is accepted."""
EXTRA = "serve,lint"
SETTINGS = {
    **LISTENING,
    **POLICIES,
    "seed": {"type": "integer", "description": "Selects the values that have no example (default: 0)."},
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="CONTRACT", help="a file, a URL or git:REVISION:PATH")
    add_listening_arguments(parser)
    parser.add_argument(
        "--seed", type=int, metavar="N", help="selects the values where there is no example (default: 0)"
    )
    add_skip_argument(parser)
    add_policy_arguments(parser)


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.contract.document import DocumentError
    from specfirst.runtime.mock_server import create_mock

    settings = config.section("mock")
    contract = read_contract(arguments.file)
    document = servable(contract, skip=arguments.skip_unservable)
    seed = setting(arguments, settings, "seed", 0)
    try:
        app = create_mock(document, contract.text, seed=seed, **policies(arguments, settings))
        say = [f"Mock      {address}" for address in addresses(document)]
    except DocumentError as error:
        raise contract.error(error) from None
    say += ["Contract  {url}/openapi.yaml  {url}/openapi.json", "Client    npm install {url}/client.tgz"]
    say += [counted(len(app.engine.operations), "operation")]
    serve(app, arguments, settings, say)
    return 0
