"""The tables of a study file.

The file is meant to be read by people, too:

    sqlite3 study.sqlite 'select number, status, score, "values" from trials order by score'
"""

from __future__ import annotations

#: "tfhp" in ASCII, kept in the file's header; `file study.sqlite` shows it.
APPLICATION_ID = 0x74666870
#: Raised with every change of the tables.
SCHEMA_VERSION = 2

#: Table name -> the statement that creates it. A file whose statements differ is damaged.
TABLES = {
    # The header, the current space, and who is writing.
    "meta": """CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID""",
    # One row per trial. "values", metrics and point are JSON; times are unix seconds.
    "trials": """CREATE TABLE trials (
    number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 0),
    trial_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL
        CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED', 'PRUNED', 'INVALID')),
    score REAL CHECK (typeof(score) IN ('real', 'null')),
    "values" TEXT NOT NULL,
    metrics TEXT NOT NULL,
    best_step INTEGER,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    interruptions INTEGER NOT NULL CHECK (interruptions >= 0),
    seed INTEGER,
    message TEXT,
    tuner_id TEXT,
    started REAL,
    ended REAL,
    point TEXT
)""",
    # One row per metric and epoch, each time that the trial was begun; a NaN is NULL.
    "reports": """CREATE TABLE reports (
    trial INTEGER NOT NULL REFERENCES trials (number),
    repeat INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL CHECK (typeof(value) IN ('real', 'null')),
    PRIMARY KEY (trial, repeat, execution, step, name)
) WITHOUT ROWID""",
    # The strategy's diary; data is JSON.
    "events": """CREATE TABLE events (
    sequence INTEGER PRIMARY KEY NOT NULL,
    after_trial INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
)""",
    # The strategy's present state, JSON in the only row.
    "state": """CREATE TABLE state (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    data TEXT NOT NULL
)""",
}

#: The same of each former version.
FORMER = {
    # There "attempt" counted interruptions, too.
    1: {
        **TABLES,
        "trials": """CREATE TABLE trials (
    number INTEGER PRIMARY KEY NOT NULL CHECK (number >= 0),
    trial_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL
        CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED', 'PRUNED', 'INVALID')),
    score REAL CHECK (typeof(score) IN ('real', 'null')),
    "values" TEXT NOT NULL,
    metrics TEXT NOT NULL,
    best_step INTEGER,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    seed INTEGER,
    message TEXT,
    tuner_id TEXT,
    started REAL,
    ended REAL,
    point TEXT
)""",
        "reports": """CREATE TABLE reports (
    trial INTEGER NOT NULL REFERENCES trials (number),
    attempt INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL CHECK (typeof(value) IN ('real', 'null')),
    PRIMARY KEY (trial, attempt, execution, step, name)
) WITHOUT ROWID""",
    }
}
