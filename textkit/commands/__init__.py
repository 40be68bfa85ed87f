"""Options and subcommands of the command line, and the helpers that all commands use."""
