"""From an error to its cause and a remedy in plain words (rule 47).

exception, log entry → symptoms    names, numbers and words that tell errors apart
                       catalogue   which entry fits; entries/*.toml is the knowledge itself
none fits            → question    what may leave the house: a shape without anybody's data
                       adviser     asks the service of DIAGNOSIS_API_URL; its answer is a guess
"""
