collect_ignore = ["programs"]  # they import torchtext; test_programs.py runs them
