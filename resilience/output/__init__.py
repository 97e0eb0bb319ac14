"""How tables become sheets, workbooks and pictures."""
