-- The ground of the gateway: who there is, who is signed in, what happened.
--
-- Nothing that a person could be recognised by stands here bare. A sealed value
-- (AES-256-GCM) begins with the id of its key, two bytes; the *_key column beside
-- it is computed from these, so it cannot disagree. An index (HMAC-SHA-256) has its
-- key id beside it and an empty second pair of columns for the day its key rotates:
-- write both, look up by both, fill, swap.

CREATE TABLE migration (
    number      integer PRIMARY KEY,
    name        text NOT NULL,
    sha256      bytea NOT NULL CHECK (length(sha256) = 32),
    applied_at  timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION sealed_key(sealed bytea) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT get_byte(sealed, 0) * 256 + get_byte(sealed, 1)';

-- People who sign in -------------------------------------------------------------

CREATE TABLE account (
    id                  uuid PRIMARY KEY,
    iin_index           bytea NOT NULL CHECK (length(iin_index) = 32),
    iin_index_key       integer NOT NULL,
    iin_index2          bytea CHECK (length(iin_index2) = 32),
    iin_index2_key      integer,
    iin                 bytea NOT NULL,
    iin_key             integer GENERATED ALWAYS AS (sealed_key(iin)) STORED,
    phone_index         bytea CHECK (length(phone_index) = 32),
    phone_index_key     integer,
    phone_index2        bytea CHECK (length(phone_index2) = 32),
    phone_index2_key    integer,
    phone               bytea,
    phone_key           integer GENERATED ALWAYS AS (sealed_key(phone)) STORED,
    locale              text NOT NULL CHECK (locale IN ('kk', 'ru', 'en')),
    hash                bytea,
    hash_key            integer GENERATED ALWAYS AS (sealed_key(hash)) STORED,
    password_changed_at timestamptz,
    blocked_at          timestamptz,
    created_at          timestamptz NOT NULL,
    CHECK ((iin_index2 IS NULL) = (iin_index2_key IS NULL)),
    CHECK ((phone IS NULL) = (phone_index IS NULL)),
    CHECK ((phone_index IS NULL) = (phone_index_key IS NULL)),
    CHECK ((phone_index2 IS NULL) = (phone_index2_key IS NULL))
);
CREATE UNIQUE INDEX account_iin ON account (iin_index);
CREATE UNIQUE INDEX account_iin2 ON account (iin_index2);
-- Numbers are handed on by the state, so they are not unique.
CREATE INDEX account_phone ON account (phone_index);
CREATE INDEX account_phone2 ON account (phone_index2);

CREATE TABLE password_history (
    id          uuid PRIMARY KEY,
    number      bigint GENERATED ALWAYS AS IDENTITY,
    account     uuid NOT NULL REFERENCES account,
    hash        bytea NOT NULL,
    hash_key    integer GENERATED ALWAYS AS (sealed_key(hash)) STORED,
    replaced_at timestamptz NOT NULL
);
CREATE INDEX password_history_account ON password_history (account, number DESC);

-- Browsers that completed a sign-in: only the SHA-256 of the cookie's secret.
CREATE TABLE known_browser (
    account    uuid NOT NULL REFERENCES account,
    browser    bytea NOT NULL CHECK (length(browser) = 32),
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account, browser)
);
CREATE INDEX known_browser_old ON known_browser (expires_at);

-- IINs, known or not, whose strangers' lane reached its hundred.
CREATE TABLE strangers_off (
    iin_index      bytea PRIMARY KEY CHECK (length(iin_index) = 32),
    iin_index_key  integer NOT NULL,
    iin_index2     bytea UNIQUE CHECK (length(iin_index2) = 32),
    iin_index2_key integer,
    off_at         timestamptz NOT NULL,
    CHECK ((iin_index2 IS NULL) = (iin_index2_key IS NULL))
);

-- Sessions -----------------------------------------------------------------------

-- origin: address, user agent and place, sealed as one value.
CREATE TABLE session (
    id         bytea PRIMARY KEY CHECK (length(id) = 32),
    public_id  uuid NOT NULL UNIQUE,
    account    uuid NOT NULL REFERENCES account,
    methods    integer NOT NULL,
    browser    bytea CHECK (length(browser) = 32),
    origin     bytea NOT NULL,
    origin_key integer GENERATED ALWAYS AS (sealed_key(origin)) STORED,
    auth_time  timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX session_live ON session (account, created_at) WHERE ended_at IS NULL;
CREATE INDEX session_old ON session (expires_at);

-- Machines' clocks differ, the database's is one: "at" is its.
CREATE TABLE session_end (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session bytea NOT NULL CHECK (length(session) = 32),
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX session_end_at ON session_end (at);

-- Records ------------------------------------------------------------------------

CREATE TABLE consent (
    id           uuid PRIMARY KEY,
    number       bigint GENERATED ALWAYS AS IDENTITY,
    account      uuid NOT NULL REFERENCES account,
    kind         text NOT NULL,
    version      text NOT NULL,
    sha256       bytea NOT NULL CHECK (length(sha256) = 32),
    lang         text NOT NULL,
    origin       bytea NOT NULL,
    origin_key   integer GENERATED ALWAYS AS (sealed_key(origin)) STORED,
    agreed_at    timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX consent_last ON consent (account, kind, number DESC);
CREATE INDEX consent_withdrawn ON consent (withdrawn_at) WHERE withdrawn_at IS NOT NULL;

-- The person's own feed. A decoy writes its rows too, without an account.
CREATE TABLE event (
    id          uuid PRIMARY KEY,
    number      bigint GENERATED ALWAYS AS IDENTITY,
    account     uuid,
    kind        text NOT NULL,
    details     bytea,
    details_key integer GENERATED ALWAYS AS (sealed_key(details)) STORED,
    origin      bytea,
    origin_key  integer GENERATED ALWAYS AS (sealed_key(origin)) STORED,
    at          timestamptz NOT NULL
);
CREATE INDEX event_feed ON event (account, number DESC);
CREATE INDEX event_old ON event (at);

-- Append-only. mac is the row's own; number, link, link_key and sealed_at come from
-- the sealer. See core/cabinet/record/audit.c.
CREATE TABLE audit (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL,
    account     uuid,
    kind        text NOT NULL,
    actor       text NOT NULL,
    details     bytea,
    details_key integer GENERATED ALWAYS AS (sealed_key(details)) STORED,
    mac         bytea NOT NULL CHECK (length(mac) = 32),
    mac_key     integer NOT NULL,
    number      bigint UNIQUE,
    link        bytea CHECK (length(link) = 32),
    link_key    integer,
    sealed_at   timestamptz
);
CREATE INDEX audit_unsealed ON audit (at, id) WHERE number IS NULL;
CREATE INDEX audit_account ON audit (account, at);

-- Where the chain stands: one row.
CREATE TABLE audit_chain (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL,
    link   bytea NOT NULL CHECK (length(link) = 32)
);
INSERT INTO audit_chain (number, link) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Children -----------------------------------------------------------------------

CREATE TABLE child (
    id              uuid PRIMARY KEY,
    iin_index       bytea NOT NULL CHECK (length(iin_index) = 32),
    iin_index_key   integer NOT NULL,
    iin_index2      bytea CHECK (length(iin_index2) = 32),
    iin_index2_key  integer,
    iin             bytea NOT NULL,
    iin_key         integer GENERATED ALWAYS AS (sealed_key(iin)) STORED,
    certificate     bytea NOT NULL,
    certificate_key integer GENERATED ALWAYS AS (sealed_key(certificate)) STORED,
    parents         bytea NOT NULL,
    parents_key     integer GENERATED ALWAYS AS (sealed_key(parents)) STORED,
    kindergarten    boolean NOT NULL,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    CHECK ((iin_index2 IS NULL) = (iin_index2_key IS NULL))
);
CREATE UNIQUE INDEX child_iin ON child (iin_index);
CREATE UNIQUE INDEX child_iin2 ON child (iin_index2);

-- mac binds id, child, account and since: a row pointed at another account is refused.
CREATE TABLE guardianship (
    id       uuid PRIMARY KEY,
    child    uuid NOT NULL REFERENCES child,
    account  uuid NOT NULL REFERENCES account,
    since    timestamptz NOT NULL,
    ended_at timestamptz,
    mac      bytea NOT NULL CHECK (length(mac) = 32),
    mac_key  integer NOT NULL
);
CREATE UNIQUE INDEX guardianship_holder ON guardianship (child) WHERE ended_at IS NULL;
CREATE INDEX guardianship_account ON guardianship (account) WHERE ended_at IS NULL;

-- Flows --------------------------------------------------------------------------

-- A commit of a flow happens once: a repeat finds the row and answers from it.
CREATE TABLE flow_commit (
    flow       text NOT NULL,
    version    bigint NOT NULL,
    created_at timestamptz NOT NULL,
    result     bytea,
    PRIMARY KEY (flow, version)
);
CREATE INDEX flow_commit_old ON flow_commit (created_at);
