"""The command `specfirst`: one module per subcommand."""
