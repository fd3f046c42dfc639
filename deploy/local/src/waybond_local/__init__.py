"""The embedded stack and the command waybond."""
