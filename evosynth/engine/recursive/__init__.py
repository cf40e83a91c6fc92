"""The `recursive` grammar's search: rules that are right first, then cheap."""
