"""From a plan and facts to figures and verdicts, each with its derivation. No database, no web, no clock."""
