-- For each row that is written PostgreSQL parses a function in SQL anew, to put it in the place of its
-- call; one in PL/pgSQL is parsed once a connection.

CREATE OR REPLACE FUNCTION sealed_key(sealed bytea) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS 'BEGIN RETURN get_byte(sealed, 0) * 256 + get_byte(sealed, 1); END';
