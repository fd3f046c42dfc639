"""The oracle of claims that people file: what is owed by what was handed in, said, offered, accepted and decided."""
