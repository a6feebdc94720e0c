"""The pictures and sounds of docs/theory.md, made by the project's own code: python -m docs.figures."""
