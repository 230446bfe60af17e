-- Which conversation another one goes on from, and from where: what its publish says, whether or not that one is known
-- here.
CREATE TABLE forks (
    conv   BLOB   NOT NULL PRIMARY KEY REFERENCES conversations (key) ON DELETE CASCADE,
    origin BLOB   NOT NULL,
    seq    BIGINT NOT NULL,
    head   BLOB   NOT NULL
);
CREATE INDEX forks_origin ON forks (origin);
