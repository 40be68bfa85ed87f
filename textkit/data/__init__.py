"""Sources of texts and labels: corpora, tables, the catalog of public data sets, and downloads."""
