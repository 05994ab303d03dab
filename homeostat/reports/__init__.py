"""Reports: what was done, what was foreseen and what comes next, gathered once and told as Markdown, as HTML and in a few lines."""
