"""What leaves the house: the workbook of a result, the template, the report, the explore page."""
