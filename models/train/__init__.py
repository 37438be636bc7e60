"""How edged's own person detector is made: pictures -> scenes -> network -> files -> table. `python -m models.train --help`.

Nothing of this is needed at run time. `README.md` beside this file is the recipe in words.
"""
