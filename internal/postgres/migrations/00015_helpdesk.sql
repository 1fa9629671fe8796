-- +goose Up
CREATE TABLE help_years (
    year int PRIMARY KEY,
    last bigint NOT NULL                       -- counter of the tickets' numbers
);

CREATE TABLE tickets (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number      text NOT NULL UNIQUE,          -- A-2027-000123
    kind        text NOT NULL CHECK (kind IN ('technical', 'functional', 'legal')),
    channel     text NOT NULL CHECK (channel IN ('web', 'phone', 'program')),
    state       text NOT NULL CHECK (state IN ('open', 'waiting', 'answered', 'closed')),
    account_id  bigint REFERENCES accounts ON DELETE SET NULL,
    device_id   bigint,                        -- of a mini-client that asked
    name        text NOT NULL,
    email       text NOT NULL,
    phone       text NOT NULL,
    lang        text NOT NULL,
    subject     text NOT NULL,
    assigned_to bigint REFERENCES accounts ON DELETE SET NULL,
    taken_by    bigint,                        -- who wrote a call down
    token_hash  bytea,                         -- SHA-256; for those without an account
    revision    bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX tickets_desk ON tickets (state, id DESC);
CREATE INDEX tickets_assigned ON tickets (assigned_to, id DESC) WHERE state <> 'closed';
CREATE INDEX tickets_account ON tickets (account_id, id DESC);

CREATE TABLE ticket_messages (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id   bigint NOT NULL REFERENCES tickets ON DELETE CASCADE,
    author      text NOT NULL CHECK (author IN ('applicant', 'assistant', 'note')),
    staff_id    bigint,
    text        text NOT NULL,
    diagnostics text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL
);
CREATE INDEX ticket_messages_ticket ON ticket_messages (ticket_id, id);

CREATE TABLE help_answers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('technical', 'functional', 'legal')),
    title      text NOT NULL,
    text_it    text NOT NULL,
    text_en    text NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE help_questions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('technical', 'functional', 'legal')),
    question_it text NOT NULL,
    question_en text NOT NULL,
    answer_it   text NOT NULL,
    answer_en   text NOT NULL,
    position    int NOT NULL,
    public      boolean NOT NULL,
    words_it    tsvector GENERATED ALWAYS AS (setweight(to_tsvector('pg_catalog.italian', question_it), 'A') || to_tsvector('pg_catalog.italian', answer_it)) STORED,
    words_en    tsvector GENERATED ALWAYS AS (setweight(to_tsvector('pg_catalog.english', question_en), 'A') || to_tsvector('pg_catalog.english', answer_en)) STORED
);
CREATE INDEX help_questions_it ON help_questions USING gin (words_it);
CREATE INDEX help_questions_en ON help_questions USING gin (words_en);

INSERT INTO help_questions (kind, position, public, question_it, answer_it, question_en, answer_en) VALUES
('functional', 10, true, 'Che cosa decide chi viene prima?',
 'L’istante in cui la domanda arriva al sistema, misurato dal computer che la riceve al microsecondo. Non contano l’orologio del tuo PC, la velocità della ricevuta o quante volte premi: della stessa domanda vale il primo arrivo.',
 'What decides who comes first?',
 'The instant at which the application reaches the system, measured by the receiving computer to the microsecond. The clock of your PC, the speed of the receipt or how often you press do not count: of one application the first arrival counts.'),
('functional', 20, true, 'Che cosa vuol dire sigillare una domanda?',
 'La domanda viene chiusa così com’è, con un’impronta digitale. Solo le domande sigillate partono il click day. Puoi riaprirla e sigillarla di nuovo finché non è stata inviata: poi ricordati di sincronizzare il mini-client.',
 'What does it mean to seal an application?',
 'The application is closed as it is, with a digital fingerprint. Only sealed applications are sent on the click day. You can re-open it and seal it again until it has been sent: remember to synchronise the mini-client afterwards.'),
('functional', 30, true, 'Quando arriva la ricevuta?',
 'L’esito “Invio corretto” arriva subito ed è già una prova firmata. Il numero di protocollo e la ricevuta PDF seguono di solito in pochi minuti, al più tardi entro 12 ore; un’e-mail ti avvisa.',
 'When does the receipt come?',
 'The outcome “Sent correctly” comes at once and is already a signed proof. The protocol number and the PDF receipt usually follow within minutes, at the latest within 12 hours; an e-mail tells you.'),
('technical', 40, true, 'Il mini-client dice che l’orologio del PC è sbagliato. Devo fare qualcosa?',
 'No, per l’invio conta l’ora del sistema di ricezione, che il mini-client misura da sé. Conviene però attivare l’impostazione automatica di data e ora del computer.',
 'The mini-client says that the clock of my PC is wrong. Do I have to do anything?',
 'No, for sending the time of the receiving system counts, which the mini-client measures by itself. It is still a good idea to let the computer set date and time automatically.'),
('technical', 50, true, 'Il computer si è spento durante l’invio. Ho perso la domanda?',
 'No. Ogni domanda è sul disco prima di essere spedita. Riapri il mini-client: chiede l’esito e, se serve, ripete l’invio. Se la prima volta era arrivata, conta il primo arrivo.',
 'My computer went off while sending. Have I lost the application?',
 'No. Each application is on the disk before it is sent. Open the mini-client again: it asks for the outcome and repeats the sending if need be. If it had arrived the first time, the first arrival counts.'),
('technical', 60, true, 'Posso usare il mini-client dietro il proxy dell’ufficio?',
 'Sì: usa le impostazioni del sistema o quelle che scrivi nelle Impostazioni. L’autodiagnosi, settimane prima, dice se la rete lascia passare tutto e che cosa chiedere a chi la gestisce.',
 'Can I use the mini-client behind the proxy of my office?',
 'Yes: it uses the settings of the system or those that you enter in Settings. The self-test, weeks before, says whether the network lets everything through and what to ask those who run it.'),
('technical', 70, true, 'Non riesco più ad accedere: ho dimenticato la password.',
 'Nella pagina di accesso scegli “Password dimenticata”: arriva un’e-mail con un collegamento che vale un’ora. L’assistenza non conosce le password e non le chiede mai.',
 'I cannot log in any more: I have forgotten my password.',
 'On the log-in page choose “Forgotten password”: an e-mail brings a link that is good for one hour. The help desk does not know passwords and never asks for them.'),
('legal', 80, true, 'Quante domande posso inviare?',
 'Un privato può avere al massimo tre domande protocollate per click day. Per le associazioni e gli intermediari i limiti sono quelli stabiliti dall’amministrazione.',
 'How many applications may I send?',
 'A private person can have at most three numbered applications per click day. For associations and intermediaries the limits are those set by the administration.'),
('legal', 90, true, 'La domanda risulta “al momento non in quota”. Che cosa significa?',
 'È arrivata ed è in regola, ma prima di essa ci sono tante domande quanti sono i posti del suo gruppo. Se si liberano posti o ne vengono riassegnati, la posizione cambia: la lista pubblicata dice la regola.',
 'My application is “not within the quota at the moment”. What does this mean?',
 'It has arrived and is in order, but before it there are as many applications as its group has places. If places become free or are reallocated its standing changes: the published list tells the rule.'),
('legal', 100, true, 'Come posso controllare che l’ordine sia giusto?',
 'Ogni ricevuta contiene la prova della sua posizione nel registro pubblico. Alla pagina Verifica puoi caricare una ricevuta o una lista: il controllo rifà tutti i conti, senza doversi fidare di noi.',
 'How can I check that the order is right?',
 'Each receipt holds the proof of its position in the public ledger. On the page Verify you can load a receipt or a list: the check does all the sums again, without having to trust us.');

-- +goose Down
DROP TABLE help_questions, help_answers, ticket_messages, tickets, help_years;
