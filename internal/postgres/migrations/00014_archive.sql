-- +goose Up
-- Everything that an account has ever submitted: applications of earlier years,
-- imported from files, beside those that were made here, found by one table.

-- Letters without accents, in lower case, words apart. NFKD takes accents off
-- any letter that has them as a mark; the others are named. It needs no
-- extension, so that it is the same on every server.
-- +goose StatementBegin
CREATE FUNCTION search_fold(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(translate(lower(regexp_replace(normalize(t, NFKD), '[\u0300-\u036f]+', '', 'g')),
        'øłđðþßæœı', 'olddtsaoi'), '[^[:alnum:]]+', ' ', 'g')
$$;
-- +goose StatementEnd

-- A: words as they are, for prefixes of names, tax codes, numbers; B: their
-- Italian stems; C: the worker's name again, D: the number again, which are
-- also looked for alone.
-- +goose StatementBegin
CREATE FUNCTION search_vector(everything text, worker text, number text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('pg_catalog.simple', f), 'A') || setweight(to_tsvector('pg_catalog.italian', f), 'B') ||
        setweight(to_tsvector('pg_catalog.simple', search_fold(worker)), 'C') || setweight(to_tsvector('pg_catalog.simple', search_fold(number)), 'D')
    FROM search_fold(everything) AS f
$$;
-- +goose StatementEnd

-- What is worth finding in answers: not dates, yes and no, and amounts.
-- +goose StatementBegin
CREATE FUNCTION search_answers(answers jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(left(value, 200), ' '), '') FROM jsonb_each_text(answers)
    WHERE value !~ '^([0-9]{4}-[0-9]{2}-[0-9]{2}|yes|no|.|[0-9]{1,4}|[0-9]+\.[0-9]{2})$'
$$;
-- +goose StatementEnd

-- Each element is one word that must be there; alternatives stand behind '|'. A
-- word is a prefix of what was written at that weight or, at A, has its Italian
-- stem; an alternative is the whole of what was written. Articles and
-- prepositions count only alone; "li" and "ma" are names of people.
-- +goose StatementBegin
CREATE FUNCTION search_query(words text[], weight text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET client_min_messages = 'error' AS $$
DECLARE
    entry text; piece text; parts text[]; one tsquery; stem text[]; every tsquery; grammar tsquery;
BEGIN
    FOREACH entry IN ARRAY words LOOP
        parts := string_to_array(entry, '|');
        FOR piece IN SELECT p FROM regexp_split_to_table(search_fold(parts[1]), ' ') AS p WHERE p <> '' LOOP
            one := (quote_literal(piece) || ':*' || weight)::tsquery;
            stem := CASE WHEN weight = 'A' THEN tsvector_to_array(to_tsvector('pg_catalog.italian', piece)) ELSE '{}' END;
            IF weight = 'A' AND piece ~ '^(e|ed|o|di|a|da|in|con|su|per|tra|fra|il|lo|la|i|gli|le|un|uno|una|(d[ae]|a|ne|su)(l|llo|lla|i|gli|lle))$' THEN
                grammar := coalesce(grammar && one, one);
                CONTINUE;
            END IF;
            IF cardinality(stem) > 0 THEN
                one := one || (quote_literal(stem[1]) || ':B')::tsquery;
            END IF;
            FOR i IN 2 .. cardinality(parts) LOOP
                IF search_fold(parts[i]) ~ '^[[:alnum:]]+$' THEN
                    one := one || (quote_literal(search_fold(parts[i])) || ':A')::tsquery;
                END IF;
            END LOOP;
            every := coalesce(every && one, one);
        END LOOP;
    END LOOP;
    RETURN coalesce(every, grammar, to_tsquery('pg_catalog.simple', ''));
END $$;
-- +goose StatementEnd

-- Where a model asks for the worker's name and citizenship: models are data. The
-- portal fills it at its start; what is not in it is taken to ask as most do.
CREATE TABLE search_models (
    model       text NOT NULL,
    version     int NOT NULL,
    worker      text[] NOT NULL,               -- ids of fields
    nationality text NOT NULL,                 -- likewise, '' when it does not ask
    PRIMARY KEY (model, version)
);

-- +goose StatementBegin
CREATE FUNCTION search_worker(answers jsonb, fields text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(answers ->> f, ' '), '') FROM unnest(coalesce(fields, '{worker_surname,worker_name}')) AS f
$$;
-- +goose StatementEnd

-- Applications of earlier years, as files gave them; they are never changed here.
CREATE TABLE archive (
    id          uuid PRIMARY KEY,              -- from source and reference
    account_id  bigint NOT NULL REFERENCES accounts,
    source      text NOT NULL,                 -- the system that they come from
    reference   text NOT NULL,                 -- what they are called there
    year        smallint NOT NULL CHECK (year BETWEEN 1990 AND 2200),
    day         text NOT NULL,                 -- the click day, as it was called
    model       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('submitted', 'accepted', 'waiting', 'rejected', 'withdrawn')),
    number      text NOT NULL,                 -- as it was written then; '' for none
    sent_at     timestamptz NOT NULL,
    employer    text NOT NULL,
    worker      text NOT NULL,
    nationality text NOT NULL,                 -- cadastral code of the state, '' when unknown
    answers     jsonb NOT NULL,                -- column of the file to text
    imported_at timestamptz NOT NULL
);
CREATE INDEX archive_account ON archive (account_id);

-- One row for each application and each archived one, written by the triggers
-- below in the same transaction. What becomes of a submission is not repeated
-- here: the worker would pay for it at the opening, and it is found by its own index.
CREATE TABLE search (
    id          uuid NOT NULL,
    account_id  bigint NOT NULL,
    moment      timestamptz NOT NULL,          -- last change; of an archived one when it was sent
    archived    boolean NOT NULL,
    day_id      bigint NOT NULL,               -- 0 for an archived one
    year        smallint NOT NULL,             -- of an archived one; else the calendar says it
    model       text NOT NULL,
    state       text NOT NULL,                 -- of the draft; of an archived one its own
    nationality text NOT NULL,
    words       tsvector NOT NULL,
    PRIMARY KEY (account_id, id)
) PARTITION BY HASH (account_id);
-- Nobody looks beyond an account, so that an index over all of them would be
-- walked in vain: a word that everybody has costs what its partition holds.
-- +goose StatementBegin
DO $$ BEGIN
    FOR i IN 0 .. 31 LOOP
        EXECUTE format('CREATE TABLE search_%s PARTITION OF search FOR VALUES WITH (MODULUS 32, REMAINDER %s)', i, i);
    END LOOP;
END $$;
-- +goose StatementEnd
CREATE INDEX search_list ON search (account_id, moment DESC, id DESC) INCLUDE (archived, day_id, year, model, state, nationality);
CREATE INDEX search_words ON search USING gin (words);

-- +goose StatementBegin
CREATE FUNCTION search_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search SELECT a.id, a.account_id, a.updated_at, false, a.click_day_id, 0, a.model, a.state,
        coalesce(a.answers ->> coalesce(m.nationality, 'worker_citizenship'), ''), search_vector(search_answers(a.answers), search_worker(a.answers, m.worker), '')
    FROM added a LEFT JOIN search_models m ON m.model = a.model AND m.version = a.model_version;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search s SET account_id = n.account_id, moment = n.updated_at, day_id = n.click_day_id, model = n.model, state = n.state
    FROM changed n JOIN before o ON o.id = n.id WHERE s.account_id = o.account_id AND s.id = n.id;
    UPDATE search s SET nationality = coalesce(n.answers ->> coalesce(m.nationality, 'worker_citizenship'), ''),
        words = search_vector(search_answers(n.answers), search_worker(n.answers, m.worker), '')
    FROM changed n JOIN before o ON o.id = n.id LEFT JOIN search_models m ON m.model = n.model AND m.version = n.model_version
    WHERE s.account_id = n.account_id AND s.id = n.id AND n.answers <> o.answers;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION search_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search s USING removed r WHERE s.account_id = r.account_id AND s.id = r.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION search_archived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search SELECT a.id, a.account_id, a.sent_at, true, 0, a.year, a.model, a.state, a.nationality,
        search_vector(concat_ws(' ', a.number, a.day, a.employer, a.worker, a.nationality, search_answers(a.answers)), a.worker, a.number)
    FROM added a;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION search_rearchived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search s USING removed r WHERE s.account_id = r.account_id AND s.id = r.id;
    INSERT INTO search SELECT a.id, a.account_id, a.sent_at, true, 0, a.year, a.model, a.state, a.nationality,
        search_vector(concat_ws(' ', a.number, a.day, a.employer, a.worker, a.nationality, search_answers(a.answers)), a.worker, a.number)
    FROM added a;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER search_added AFTER INSERT ON applications REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION search_added();
CREATE TRIGGER search_changed AFTER UPDATE ON applications REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION search_changed();
CREATE TRIGGER search_removed AFTER DELETE ON applications REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION search_removed();
CREATE TRIGGER search_archived AFTER INSERT ON archive REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION search_archived();
CREATE TRIGGER search_rearchived AFTER UPDATE ON archive REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION search_rearchived();
CREATE TRIGGER search_unarchived AFTER DELETE ON archive REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION search_removed();

INSERT INTO search SELECT a.id, a.account_id, a.updated_at, false, a.click_day_id, 0, a.model, a.state,
    coalesce(a.answers ->> 'worker_citizenship', ''), search_vector(search_answers(a.answers), search_worker(a.answers, NULL), '') FROM applications a;

-- When a computer took the sealed applications: for the timeline.
CREATE TABLE device_syncs (
    account_id bigint NOT NULL REFERENCES accounts,
    device_id  bigint NOT NULL REFERENCES devices,
    at         timestamptz NOT NULL
);
CREATE INDEX device_syncs_account ON device_syncs (account_id, at);

-- +goose Down
DROP TABLE device_syncs;
DROP TRIGGER search_added ON applications;
DROP TRIGGER search_changed ON applications;
DROP TRIGGER search_removed ON applications;
DROP TABLE search, archive, search_models;
DROP FUNCTION search_added(), search_changed(), search_removed(), search_archived(), search_rearchived(), search_query(text[], text),
    search_answers(jsonb), search_worker(jsonb, text[]), search_vector(text, text, text), search_fold(text);
