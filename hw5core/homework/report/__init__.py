"""The finished homework as a document: its contents, built once, and one writer per format."""
