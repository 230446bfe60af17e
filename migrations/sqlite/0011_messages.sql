-- A message is found by the key of its action, which names its slot: one index serves both.
DROP INDEX messages_key;
