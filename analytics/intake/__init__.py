"""From a team's own files to patients in the dictionary's words: read, mapped, checked, without identifiers."""
