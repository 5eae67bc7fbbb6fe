-- Proving by a phone that one is who one says: limits, apps, their activation, the
-- confirmations sent to them, and what waits to be sent.
--
-- A decoy's row has no account and is otherwise like any other; so nothing here refers to the
-- account table, whose check would run for real people only. In its place mac binds the fields of
-- a row that somebody could gain by pointing elsewhere.

-- Counted before the act, so that a crash in between costs a try and gives none. key_index: an
-- HMAC of what is counted. refused: since the last one counted.
CREATE TABLE limit_count (
    what          text NOT NULL,
    key_index     bytea NOT NULL CHECK (length(key_index) = 32),
    key_index_key integer NOT NULL,
    counted       integer NOT NULL,
    refused       integer NOT NULL,
    ends_at       timestamptz NOT NULL,
    PRIMARY KEY (what, key_index)
);
CREATE INDEX limit_count_old ON limit_count (ends_at);

-- Apps ---------------------------------------------------------------------------

CREATE TABLE device (
    id               uuid PRIMARY KEY,
    account          uuid,
    state            text NOT NULL CHECK (state IN ('pending', 'active', 'held', 'removed')),
    public_key       bytea NOT NULL CHECK (length(public_key) = 64),
    thumbprint       text NOT NULL CHECK (length(thumbprint) = 43),
    platform         text NOT NULL,
    phone_index      bytea NOT NULL CHECK (length(phone_index) = 32),
    phone_index_key  integer NOT NULL,
    phone_index2     bytea CHECK (length(phone_index2) = 32),
    phone_index2_key integer,
    phone            bytea NOT NULL,
    phone_key        integer GENERATED ALWAYS AS (sealed_key(phone)) STORED,
    push_token       bytea,
    push_token_key   integer GENERATED ALWAYS AS (sealed_key(push_token)) STORED,
    push_token_at    timestamptz,
    weak             boolean NOT NULL,
    created_at       timestamptz NOT NULL,
    active_at        timestamptz,
    held_until       timestamptz,
    removed_at       timestamptz,
    activation       uuid,
    drawn            bytea NOT NULL CHECK (length(drawn) = 32),
    attempts         integer NOT NULL,
    sends            integer NOT NULL,
    proof_expires_at timestamptz,
    sent_at          timestamptz,
    mac              bytea NOT NULL CHECK (length(mac) = 32),
    mac_key          integer NOT NULL,
    CHECK ((phone_index2 IS NULL) = (phone_index2_key IS NULL)),
    CHECK ((push_token IS NULL) = (push_token_at IS NULL)),
    CHECK ((state = 'removed') = (removed_at IS NOT NULL)),
    CHECK (state <> 'held' OR held_until IS NOT NULL)
);
-- The same key asked again with the same number is the same device.
CREATE UNIQUE INDEX device_proof ON device (activation, thumbprint, phone_index);
CREATE INDEX device_live ON device (account, created_at) WHERE state IN ('active', 'held');
-- A number that is proved for somebody else takes its devices along.
CREATE INDEX device_phone ON device (phone_index) WHERE state IN ('active', 'held');
CREATE INDEX device_phone2 ON device (phone_index2) WHERE state IN ('active', 'held');
CREATE INDEX device_removed ON device (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX device_pending ON device (created_at) WHERE state = 'pending';

-- One-time password and QR of a showing. They live for minutes, so a change of the index key is
-- bridged by asking under both keys; no second columns. tried: HMACs of the numbers typed.
CREATE TABLE activation (
    id            uuid PRIMARY KEY,
    flow          text NOT NULL,
    generation    bigint NOT NULL,
    account       uuid,
    iin           bytea NOT NULL,
    iin_key       integer GENERATED ALWAYS AS (sealed_key(iin)) STORED,
    otp_index     bytea NOT NULL CHECK (length(otp_index) = 32),
    otp_index_key integer NOT NULL,
    qr_index      bytea NOT NULL CHECK (length(qr_index) = 32),
    qr_index_key  integer NOT NULL,
    tried         bytea[] NOT NULL DEFAULT '{}',
    device        uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
    mac           bytea NOT NULL CHECK (length(mac) = 32),
    mac_key       integer NOT NULL,
    CHECK ((device IS NULL) = (used_at IS NULL))
);
CREATE UNIQUE INDEX activation_flow ON activation (flow, generation);
-- Not unique: two of a trillion may meet within the month that a row is kept.
CREATE INDEX activation_otp ON activation (otp_index) WHERE used_at IS NULL;
CREATE INDEX activation_qr ON activation (qr_index) WHERE used_at IS NULL;
CREATE INDEX activation_old ON activation (expires_at);

-- Confirmations ------------------------------------------------------------------

-- One a flow and person: «back» and another IIN make another one, back again finds the first.
-- turned_at: when the flow last turned to it. rings, denials: all that were, for the budget of
-- rings; rung_at and denied_at are the last ones. ended_at: a finished change of the account ended
-- it. That is outside the mac, as it takes away only.
CREATE TABLE challenge (
    id             uuid PRIMARY KEY,
    flow           text NOT NULL,
    purpose        text NOT NULL CHECK (purpose IN ('recovery', 'reregistration', 'phone')),
    account        uuid,
    iin_index      bytea NOT NULL CHECK (length(iin_index) = 32),
    iin_index_key  integer NOT NULL,
    iin_index2     bytea CHECK (length(iin_index2) = 32),
    iin_index2_key integer,
    iin            bytea NOT NULL,
    iin_key        integer GENERATED ALWAYS AS (sealed_key(iin)) STORED,
    qr_index       bytea NOT NULL CHECK (length(qr_index) = 32),
    qr_index_key   integer NOT NULL,
    state          text NOT NULL CHECK (state IN ('open', 'armed', 'burned', 'used')),
    signs          text NOT NULL CHECK (length(signs) = 6),
    right_sign     integer NOT NULL CHECK (right_sign BETWEEN 0 AND 2),
    drawn          bytea NOT NULL CHECK (length(drawn) = 32),
    attempts       integer NOT NULL,
    passwords      integer NOT NULL,
    accepted       boolean NOT NULL,
    origin         bytea NOT NULL,
    origin_key     integer GENERATED ALWAYS AS (sealed_key(origin)) STORED,
    armed_by       uuid,
    created_at     timestamptz NOT NULL,
    turned_at      timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    rung_at        timestamptz,
    denied_at      timestamptz,
    ended_at       timestamptz,
    rings          timestamptz[] NOT NULL DEFAULT '{}',
    denials        timestamptz[] NOT NULL DEFAULT '{}',
    mac            bytea NOT NULL CHECK (length(mac) = 32),
    mac_key        integer NOT NULL,
    CHECK ((iin_index2 IS NULL) = (iin_index2_key IS NULL))
);
CREATE UNIQUE INDEX challenge_flow ON challenge (flow, iin_index);
CREATE INDEX challenge_qr ON challenge (qr_index);
CREATE INDEX challenge_live ON challenge (account, created_at)
    WHERE state IN ('open', 'armed') AND ended_at IS NULL;
-- Only rows that rang or were denied: a stranger who begins flows by the thousand makes the count
-- of rings no slower.
CREATE INDEX challenge_rung ON challenge (iin_index)
    WHERE rung_at IS NOT NULL OR denied_at IS NOT NULL;
CREATE INDEX challenge_rung2 ON challenge (iin_index2)
    WHERE rung_at IS NOT NULL OR denied_at IS NOT NULL;
CREATE INDEX challenge_old ON challenge (expires_at);

-- To be sent ---------------------------------------------------------------------

-- due_at of a leased row is the end of its lease: who crashes loses the row to the next.
CREATE TABLE outbox (
    id            uuid PRIMARY KEY,
    number        bigint GENERATED ALWAYS AS IDENTITY,
    kind          text NOT NULL CHECK (kind IN ('push', 'sms', 'void')),
    state         text NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'expired')),
    account       uuid,
    device        uuid,
    recipient     bytea,
    recipient_key integer GENERATED ALWAYS AS (sealed_key(recipient)) STORED,
    body          bytea,
    body_key      integer GENERATED ALWAYS AS (sealed_key(body)) STORED,
    attempts      integer NOT NULL,
    created_at    timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    done_at       timestamptz,
    CHECK ((state = 'waiting') = (done_at IS NULL)),
    CHECK ((state = 'waiting') = (recipient IS NOT NULL)),
    CHECK ((state = 'waiting') = (body IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (due_at, number) WHERE state = 'waiting' AND kind <> 'void';
CREATE INDEX outbox_expiring ON outbox (expires_at) WHERE state = 'waiting';
CREATE INDEX outbox_old ON outbox (done_at) WHERE done_at IS NOT NULL;
