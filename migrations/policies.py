"""Who may do what to which rows, as one table. Frozen with the first migration.

A grant is (verbs, columns or "" for all); a policy is the bound that every such row must meet.
"""

SCHOOL = "school_id = any ((select app.ids('schools'))::bigint[])"
ACCOUNT = "account_id = any ((select app.ids('accounts'))::bigint[])"
STUDENT = "student_id = any ((select app.ids('students'))::bigint[])"
CONNECTION = "connection_id = any ((select app.ids('connections'))::bigint[])"
WIDE = "(select app.wide())"
SHARED = f"(school_id is null or {SCHOOL})"
LEDGER = f"({SCHOOL} or (school_id is null and {ACCOUNT}))"
CREDIT = f"({ACCOUNT} and (school_id is null or {SCHOOL}))"
OF_CREDIT = (
    f"({ACCOUNT} and exists (select from bank_credit c where c.account_id = {{table}}.account_id"
    " and c.id = {table}.credit_id))"
)
OF_NOTICE = (
    "exists (select from invoice i where i.school_id = invoice_line.school_id"
    " and i.id = invoice_line.invoice_id)"
)
OF_CONNECTION = (
    "exists (select from connection_account ca where ca.connection_id = {table}.connection_id"
    " and ca.account_id = any ((select app.ids('accounts'))::bigint[]))"
)
TRUE = "true"

READ, ADD, WRITE = "select", "select, insert", "select, insert, update"

BOUNDED: dict[str, dict[str, tuple[str, str]]] = {
    "school": {
        **dict.fromkeys(
            ("desk", "parent", "settler", "reports"),
            (READ, SCHOOL.replace("school_id", "id", 1)),
        ),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "account": {
        **dict.fromkeys(
            ("desk", "parent", "settler"), (READ, ACCOUNT.replace("account_id", "id", 1))
        ),
        "loader": (WRITE, WIDE),
        "auditor": (READ, WIDE),
        "linker": ("select (id, number)", TRUE),
    },
    "school_class": {
        **dict.fromkeys(("desk", "parent", "settler"), (READ, SCHOOL)),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "student": {
        "desk": (READ, SCHOOL),
        "settler": (READ, SCHOOL),
        "parent": (READ, f"{SCHOOL} and {STUDENT.replace('student_id', 'id', 1)}"),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "guardian": {"desk": (READ, SCHOOL), "loader": (ADD, WIDE)},
    "fee_item": {
        **dict.fromkeys(("desk", "parent", "settler"), (READ, SHARED)),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "collection_round": {
        "desk": (READ, SCHOOL),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "invoice": {
        "desk": ("select, update (outstanding_dong, state, version, paid_at)", SCHOOL),
        "settler": ("select, update (outstanding_dong, state, version, paid_at)", SCHOOL),
        "parent": (READ, f"{SCHOOL} and {STUDENT}"),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "invoice_line": {
        **dict.fromkeys(("desk", "settler"), (READ, SCHOOL)),
        "parent": (READ, OF_NOTICE),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "pupil_balance": {
        **dict.fromkeys(
            ("desk", "settler"), ("select, update (credit_dong, fact_version)", SCHOOL)
        ),
        "parent": (READ, f"{SCHOOL} and {STUDENT}"),
        "loader": ("select, insert, update (fact_version)", WIDE),
        "auditor": (READ, WIDE),
    },
    "ledger_account": {
        **dict.fromkeys(("desk", "settler"), (ADD, LEDGER)),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "transfer": {
        **dict.fromkeys(("desk", "settler"), (ADD, LEDGER)),
        "parent": (
            (
                "select (id, kind, amount_dong, value_on, at, reverses_id, invoice_id, student_id,"
                " school_id, account_id, bank_credit_id, method)"
            ),
            f"{SCHOOL} and {STUDENT}",
        ),
        "reports": (
            "select (id, tx, school_id, kind, amount_dong, reverses_id, period, value_on, method)",
            SCHOOL,
        ),
        "folder": (
            "select (id, tx, school_id, kind, amount_dong, reverses_id, period, value_on, method)",
            WIDE,
        ),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "bank_credit": {
        "desk": ("select, update (state, left_dong, school_id)", CREDIT),
        "settler": ("select, update (state, left_dong, school_id)", ACCOUNT),
        "door": ("insert, select (account_id, id, provider, provider_txn_id)", ACCOUNT),
        "loader": ("insert, select (account_id, id, provider, provider_txn_id)", WIDE),
        "auditor": (READ, WIDE),
    },
    "credit_inbox": {
        "settler": ("select, delete, update (attempts)", ACCOUNT),
        "door": ("insert", ACCOUNT),
        "loader": ("insert", WIDE),
        "sweeper": ("select (account_id, credit_id)", WIDE),
        "auditor": (READ, WIDE),
    },
    "bank_event": {
        "door": (
            "insert, select (event_id, account_id, provider, provider_txn_id, digest, is_first)",
            ACCOUNT,
        ),
        "settler": (
            "select (event_id, account_id, provider, provider_txn_id, is_first, received_at)",
            ACCOUNT,
        ),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
    },
    "credit_decision": {
        "desk": (ADD, OF_CREDIT.format(table="credit_decision")),
        "settler": (ADD, ACCOUNT),
        "auditor": (READ, WIDE),
    },
    "credit_case": {
        "desk": (
            "select, insert, update (state, closed_at, closed_by)",
            OF_CREDIT.format(table="credit_case"),
        ),
        "settler": ("select, insert, update (state, closed_at, closed_by)", ACCOUNT),
        "auditor": (READ, WIDE),
    },
    "connection": {
        "desk": (
            READ,
            OF_CONNECTION.format(table="connection").replace(
                "connection.connection_id", "connection.id"
            ),
        ),
        "loader": (WRITE, WIDE),
        "auditor": (READ, WIDE),
        "linker": (READ, TRUE),
    },
    "connection_account": {
        "desk": (READ, ACCOUNT),
        "loader": (ADD, WIDE),
        "auditor": (READ, WIDE),
        "linker": (READ, TRUE),
    },
    "connection_secret": {"loader": (WRITE, WIDE), "linker": (READ, TRUE)},
    "delivery": {
        "desk": (READ, OF_CONNECTION.format(table="delivery")),
        "door": ("insert, select (id)", CONNECTION),
        "auditor": (READ, WIDE),
    },
    "alarm": {
        "desk": (
            "select, insert, update (cleared_at, cleared_by)",
            f"({ACCOUNT} or {OF_CONNECTION.format(table='alarm')})",
        ),
        "door": ("insert", f"({CONNECTION} or {ACCOUNT})"),
        "settler": ("insert", ACCOUNT),
        "loader": ("insert", WIDE),
        "auditor": (READ, WIDE),
    },
    "fact": {
        **dict.fromkeys(("desk", "settler"), ("insert", SCHOOL)),
        "loader": ("insert", WIDE),
        "pusher": (READ, WIDE),
        "sweeper": ("select (tx, seq, school_id)", WIDE),
        "auditor": (READ, WIDE),
    },
    "endpoint": {
        "loader": (WRITE, WIDE),
        "pusher": ("select, update (seen_tx, seen_seq, active)", WIDE),
        "sweeper": ("select (id, active, seen_tx, seen_seq)", WIDE),
        "auditor": (READ, WIDE),
    },
    "push": {
        "pusher": (WRITE, WIDE),
        "sweeper": ("select (endpoint_id, state, next_at)", WIDE),
        "auditor": (READ, WIDE),
    },
    "push_attempt": {"pusher": (ADD, WIDE), "auditor": (READ, WIDE)},
    "deed": {
        "desk": (ADD, f"({SCHOOL} or (school_id is null and {ACCOUNT}))"),
        "loader": ("insert", WIDE),
        "auditor": (READ, WIDE),
    },
    "rate_sum": {
        "reports": (READ, SCHOOL),
        "folder": (WRITE, WIDE),
        "auditor": (READ, WIDE),
    },
}
"""Tables under FORCED row-level security: role -> (grants, bound)."""

_SIDES = " and ".join(
    f"exists (select from ledger_account a where a.id = transfer.{side}_id)"
    for side in ("debit", "credit")
)
_OWN_ITEM = (
    "(fee_item_id is null"
    " or exists (select from fee_item f where f.id = ledger_account.fee_item_id))"
)
ALSO_WRITTEN: dict[str, dict[str, str]] = {
    "transfer": dict.fromkeys(("desk", "settler"), _SIDES),
    "ledger_account": dict.fromkeys(("desk", "settler"), _OWN_ITEM),
}
"""What a new row must meet beside its bound: foreign keys look above row-level security, so both
sides of a transfer, and the fee item of a ledger account, must be the role's own to see."""

UNBOUNDED: dict[str, dict[str, str]] = {
    "unit": {
        **dict.fromkeys(("desk", "parent", "reports", "auditor", "pusher"), READ),
        "loader": ADD,
    },
    "unit_link": {**dict.fromkeys(("desk", "parent", "reports", "auditor"), READ), "loader": ADD},
    "unit_succession": {**dict.fromkeys(("reports", "auditor"), READ), "loader": ADD},
    "unit_closure": {
        **dict.fromkeys(("reports", "auditor", "pusher", "linker"), READ),
        "loader": ADD + ", delete",
    },
    "account_school": {
        **dict.fromkeys(("desk", "settler", "auditor", "linker"), READ),
        "loader": ADD,
    },
    "payment_code": {**dict.fromkeys(("auditor", "linker"), READ), "loader": ADD},
    "page_token": {"linker": READ, "loader": ADD},
    "code_counter": {"loader": "select, update"},
    "rate_watermark": {"reports": READ, "folder": WRITE, "auditor": READ},
    "staff_user": {"linker": READ, "loader": WRITE},
    "role_grant": {"linker": READ, "loader": WRITE + ", delete"},
    "web_session": {"linker": WRITE + ", delete"},
}
"""Link rows and public units: no tenant, no policy, grants only; most are read by functions."""

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "link.door(text)": ("signin",),
    "link.page(bytea)": ("signin",),
    "link.codes(text[])": ("settler",),
    "link.staff(text)": ("signin",),
    "link.grants(bigint)": ("signin",),
    "link.session_read(bytea, timestamptz)": ("signin",),
    "link.session_keep(bytea, bytea, timestamptz)": ("signin",),
    "link.session_drop(bytea)": ("signin",),
    "link.session_expire(timestamptz)": ("signin",),
}

APPEND_ONLY = ("transfer", "credit_decision", "bank_event", "delivery", "deed", "push_attempt")

ROLES = (
    "desk", "parent", "door", "settler", "pusher", "reports", "folder", "sweeper",
    "loader", "auditor", "signin", "linker", "queue",
)  # fmt: skip
