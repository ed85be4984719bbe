// Two tunes under one another get their player. playScores is that of saved pages.
playScores(document);
