-- A copy of the platform's key log: what a recovery key needs when the key file is lost.
CREATE TABLE own_keys (
    id  BIGINT NOT NULL PRIMARY KEY REFERENCES platform (id),
    log TEXT   NOT NULL
);
