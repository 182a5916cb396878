PRAGMA application_id = 1952868464;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY NOT NULL,
    after_trial INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('declared_space','{"parameters":[{"name":"units","domain":{"type":"steps","low":2,"high":6,"step":1,"scale":"linear"},"conditions":[],"default":null,"prior":null},{"name":"rate","domain":{"type":"float_range","low":0.001,"high":0.1,"scale":"log"},"conditions":[],"default":null,"prior":null}]}');
INSERT INTO "meta" VALUES('direction','min');
INSERT INTO "meta" VALUES('objective','loss');
INSERT INTO "meta" VALUES('settings','{"strategy":"random","options":{},"seed":0}');
INSERT INTO "meta" VALUES('space','{"parameters":[{"name":"units","domain":{"type":"steps","low":2,"high":6,"step":1,"scale":"linear"},"conditions":[],"default":null,"prior":null},{"name":"rate","domain":{"type":"float_range","low":0.001,"high":0.1,"scale":"log"},"conditions":[],"default":null,"prior":null}],"keras_tuner":[{"class_name":"Int","config":{"name":"units","default":null,"conditions":[],"min_value":2,"max_value":6,"step":1,"sampling":"linear"}},{"class_name":"Float","config":{"name":"rate","default":0.001,"conditions":[],"min_value":0.001,"max_value":0.1,"step":null,"sampling":"log"}}],"placed_anew":[],"former":[]}');
INSERT INTO "meta" VALUES('version','0.1.0');
INSERT INTO "meta" VALUES('writer','{"pid": 6356, "host": "elsewhere"}');
CREATE TABLE reports (
    trial INTEGER NOT NULL REFERENCES trials (number),
    attempt INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL CHECK (typeof(value) IN ('real', 'null')),
    PRIMARY KEY (trial, attempt, execution, step, name)
) WITHOUT ROWID;
INSERT INTO "reports" VALUES(0,0,0,0,'loss',6.0);
INSERT INTO "reports" VALUES(0,0,0,1,'loss',7.0);
INSERT INTO "reports" VALUES(1,0,0,0,'loss',3.0);
INSERT INTO "reports" VALUES(1,0,0,1,'loss',4.0);
INSERT INTO "reports" VALUES(1,1,0,0,'loss',3.0);
INSERT INTO "reports" VALUES(1,2,0,0,'loss',3.0);
INSERT INTO "reports" VALUES(1,2,0,1,'loss',4.0);
INSERT INTO "reports" VALUES(2,0,0,0,'loss',7.0);
INSERT INTO "reports" VALUES(2,0,0,1,'loss',8.0);
INSERT INTO "reports" VALUES(3,0,0,0,'loss',6.0);
INSERT INTO "reports" VALUES(3,1,0,0,'loss',6.0);
INSERT INTO "reports" VALUES(3,1,0,1,'loss',7.0);
CREATE TABLE state (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    data TEXT NOT NULL
);
INSERT INTO "state" VALUES(1,'{"strategy":{"rng":{"bit_generator":"PCG64","state":{"state":309019961079606187284900980202903920827,"inc":87136372517582989555478159403783844777},"has_uint32":0,"uinteger":0},"finished":false,"seeded":0,"private":{}},"queue":[]}');
CREATE TABLE trials (
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
);
INSERT INTO "trials" VALUES(0,'0000','COMPLETED',0.5,'{"units":5,"rate":0.0034639644598918017}','{"loss":0.5}',1,0,1484405855,NULL,'tuner0',1.79530140339643883703e+09,1.79530140339736652378e+09,'{"key":0,"x":[0.75,0.2697867137638703],"active":[true,true],"values":{"units":5,"rate":0.0034639644598918017},"failures":0,"losses":0,"broke_off":false,"expected":null}');
INSERT INTO "trials" VALUES(1,'0001','COMPLETED',0.25,'{"units":2,"rate":0.0010790840445381387}','{"loss":0.25}',1,2,450621607,NULL,'tuner0',1.79530140346730709074e+09,1.7953014034687216282e+09,'{"key":1,"x":[0.0,0.016527635528529094],"active":[true,true],"values":{"units":2,"rate":0.0010790840445381387},"failures":1,"losses":0,"broke_off":false,"expected":null}');
INSERT INTO "trials" VALUES(2,'0002','COMPLETED',0.75,'{"units":6,"rate":0.06691310059954053}','{"loss":0.75}',1,0,1570558271,NULL,'tuner0',1.79530140346941947939e+09,1.79530140347011899944e+09,'{"key":2,"x":[1.0,0.9127555772777217],"active":[true,true],"values":{"units":6,"rate":0.06691310059954053},"failures":0,"losses":0,"broke_off":false,"expected":null}');
INSERT INTO "trials" VALUES(3,'0003','RUNNING',NULL,'{"units":5,"rate":0.028773528450070824}','{}',NULL,1,1306511473,NULL,'tuner0',1.79530140353745174411e+09,NULL,'{"key":3,"x":[0.75,0.7294965609839984],"active":[true,true],"values":{"units":5,"rate":0.028773528450070824},"failures":0,"losses":0,"broke_off":false,"expected":null}');
COMMIT;
