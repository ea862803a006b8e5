"""Checks of a staged bundle that only the whole can answer: units, schools, classes, pupils.

Each check is one statement that lists (line, field, rule, key, follows) of the lines that break
a rule; ``follows`` says that the line is good but rests on one that is left out. Lines of
receivables and accounts are checked in ``reads_bundle_notices``. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import Template

UNITS, SCHOOLS, ACCOUNTS = "units.jsonl", "schools.jsonl", "accounts.jsonl"
CLASSES, STUDENTS, FEE_ITEMS = "classes.jsonl", "students.jsonl", "fee_items.jsonl"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: the file it speaks of and the statement that lists what breaks the rule."""

    file: str
    statement: str


_TWICE = Template("""
select r.line, '$field', format('stands twice in the file, also on line %s',
                                case when r.nth > 1 then r.first else r.last end), r.key, false
  from (select line, key, row_number() over (partition by $by order by line) as nth,
               min(line) over (partition by $by) as first,
               max(line) over (partition by $by) as last,
               min(content) over (partition by $by) <> max(content) over (partition by $by)
                 as differs
          from (select t.*, $key as key, $content as content from $table t
                 where ($by) in (select $by from $table group by $by having count(*) > 1)) t) r
 where r.nth > 1 or r.differs
""")

CONTENT = "(to_jsonb(t) - 'line')::text"


def twice(
    file: str, table: str, field: str, *, by: str, key: str = "code", content: str = CONTENT
) -> Check:
    """Find keys that stand twice; the first line is good only if the others say the same."""
    statement = _TWICE.substitute(table=table, field=field, by=by, key=key, content=content)
    return Check(file, statement)


_UNKNOWN = Template("""
select t.line, $field,
       format(case when p.key is null then '$noun %s is neither in the bundle nor kept'
                   else '$noun %s is left out' end, $value),
       $key, p.key is not null
  from $source
  left join (select distinct key from load_problem where file = '$of') p on p.key = $lookup
 where $missing
""")


def unknown(  # noqa: PLR0913  a reference has two ends
    file: str,
    *,
    field: str,
    noun: str,
    value: str,
    of: str,
    source: str,
    missing: str,
    key: str = "t.code",
    lookup: str = "",
) -> Check:
    """Find references to what is neither kept nor in the good part of the bundle."""
    lookup = lookup or value
    statement = _UNKNOWN.substitute(
        field=field,
        noun=noun,
        value=value,
        of=of,
        source=source,
        missing=missing,
        key=key,
        lookup=lookup,
    )
    return Check(file, statement)


_DIFFERS = Template("""
select d.line, d.fields, 'differs from what is kept', d.key, false
  from (select t.line, $key as key, concat_ws(', ', $cases) as fields from $source) d
 where d.fields <> ''
""")


def differs(file: str, *, source: str, pairs: Sequence[tuple[str, str, str]], key: str) -> Check:
    """Find lines whose key is kept with other content; ``pairs`` are (field, ours, theirs)."""
    cases = ", ".join(
        f"case when {ours} is distinct from {theirs} then '{field}' end"
        for field, ours, theirs in pairs
    )
    return Check(file, _DIFFERS.substitute(source=source, cases=cases, key=key))


_SAME_DAYS = """
select a.line, 'parent', format('a unit has one parent per relation and day, line %s has others',
                                b.line), a.code, false
  from staging.unit a
  join staging.unit b on b.code = a.code and b.relation = a.relation and b.line < a.line
   and (a.parent is null) = (b.parent is null)
   and a.valid_from <= coalesce(b.valid_to, 'infinity')
   and b.valid_from <= coalesce(a.valid_to, 'infinity')
"""

_ONE_UNIT = """
select line, 'kind, name', format('differ from line %s, which names the same unit', first),
       code, false
  from (select line, code, kind, name, first_value(line) over w as first,
               first_value(kind) over w as first_kind, first_value(name) over w as first_name
          from staging.unit window w as (partition by code order by line)) t
 where (kind, name) is distinct from (first_kind, first_name)
"""

_KEPT_LINK = """
select t.line, 'parent', 'differs from what is kept for these days', t.code, false
  from staging.unit t
  join unit c on c.code = t.code
  join unit_link k on k.child_id = c.id and k.relation = t.relation
   and k.valid_from <= coalesce(t.valid_to, 'infinity')
   and t.valid_from <= coalesce(k.valid_to, 'infinity')
  join unit p on p.id = k.parent_id
 where t.parent is not null
   and (k.valid_from, k.valid_to, p.code) is distinct from (t.valid_from, t.valid_to, t.parent)
"""

_CIRCLE = """
with recursive edges (child, parent, relation, valid_from, valid_to) as (
  select c.code, p.code, l.relation, l.valid_from, coalesce(l.valid_to, 'infinity')
    from unit_link l join unit c on c.id = l.child_id join unit p on p.id = l.parent_id
  union
  select code, parent, relation, valid_from, coalesce(valid_to, 'infinity')
    from staging.unit where parent is not null),
climb (line, start, at, relation, valid_from, valid_to, depth) as (
  select line, code, parent, relation, valid_from, coalesce(valid_to, 'infinity'), 1
    from staging.unit where parent is not null
  union all
  select c.line, c.start, e.parent, c.relation, greatest(c.valid_from, e.valid_from),
         least(c.valid_to, e.valid_to), c.depth + 1
    from climb c
    join edges e on e.child = c.at and e.relation = c.relation
     and e.valid_from <= c.valid_to and c.valid_from <= e.valid_to
   where c.at <> c.start and c.depth < 32)
select distinct line, 'parent', 'a unit must not stand above itself', start, false
  from climb where at = start
"""

_UNREACHED = """
with recursive reached (code) as (
  (select code from unit union select code from staging.unit where parent is null)
  union
  select t.code from staging.unit t join reached r on r.code = t.parent)
select t.line, 'parent',
       format(case when f.follows then 'unit %s is left out'
                   else 'unit %s is neither in the bundle nor kept' end, t.parent),
       t.code, f.follows
  from staging.unit t
  cross join lateral (
    select exists (select from load_problem p where p.file = 'units.jsonl' and p.key = t.parent)
        or exists (select from staging.unit o where o.code = t.parent) as follows) f
 where t.parent is not null and not exists (select from reached r where r.code = t.parent)
"""

UNIT_CHECKS = (
    Check(UNITS, _ONE_UNIT),
    Check(UNITS, _SAME_DAYS),
    Check(UNITS, _KEPT_LINK),
    differs(
        UNITS,
        source="staging.unit t join unit k on k.code = t.code",
        key="t.code",
        pairs=(
            ("kind", "t.kind", "k.kind"),
            ("name", "t.name", "k.name"),
            ("valid_from", "greatest(t.valid_from, k.valid_from)", "t.valid_from"),
            (
                "valid_to",
                "coalesce(least(k.valid_to, t.valid_to), 'infinity')",
                "coalesce(t.valid_to, 'infinity')",
            ),
        ),
    ),
    Check(UNITS, _CIRCLE),
)
UNIT_TREE_CHECKS = (Check(UNITS, _UNREACHED),)
SUCCESSION_CHECKS = (
    unknown(
        UNITS,
        field="'succeeds'",
        noun="unit",
        value="s.code",
        of=UNITS,
        source="staging.unit t cross join unnest(t.succeeds) s(code)"
        " left join unit k on k.code = s.code",
        missing="k.id is null",
    ),
)

SCHOOL_CHECKS = (
    twice(SCHOOLS, "staging.school", "code", by="code"),
    unknown(
        SCHOOLS,
        field="'unit'",
        noun="unit",
        value="t.unit",
        of=UNITS,
        source="staging.school t left join unit k on k.code = t.unit",
        missing="k.id is null",
    ),
    differs(
        SCHOOLS,
        source="staging.school t join school k on k.code = t.code join unit u on u.id = k.unit_id",
        key="t.code",
        pairs=(
            ("name", "t.name", "k.name"),
            ("level", "t.level", "k.level"),
            ("ownership", "t.ownership", "k.ownership"),
            ("unit", "t.unit", "u.code"),
        ),
    ),
)

_CLASS_KEY = "concat_ws('/', t.school, t.code)"

CLASS_CHECKS = (
    twice(CLASSES, "staging.school_class", "code", by="school, school_year, code", key=_CLASS_KEY),
    unknown(
        CLASSES,
        field="'school'",
        noun="school",
        value="t.school",
        of=SCHOOLS,
        source="staging.school_class t left join school k on k.code = t.school",
        missing="k.id is null",
        key=_CLASS_KEY,
    ),
    differs(
        CLASSES,
        source="staging.school_class t join school s on s.code = t.school join school_class k"
        " on k.school_id = s.id and k.school_year = t.school_year and k.code = t.code",
        key=_CLASS_KEY,
        pairs=(("grade", "t.grade", "k.grade"), ("name", "t.name", "k.name")),
    ),
)

_KEPT_GUARDIANS = """(select coalesce(jsonb_agg(jsonb_build_object(
    'name', g.name, 'phone', g.phone, 'email', g.email) order by g.id), '[]')
  from guardian g where g.school_id = k.school_id and g.student_id = k.id)"""

STUDENT_CHECKS = (
    twice(STUDENTS, "staging.student", "code", by="school, code"),
    unknown(
        STUDENTS,
        field="'school'",
        noun="school",
        value="t.school",
        of=SCHOOLS,
        source="staging.student t left join school k on k.code = t.school",
        missing="k.id is null",
    ),
    unknown(
        STUDENTS,
        field="'class'",
        noun="in its school, class",
        value="t.class",
        of=CLASSES,
        source="staging.student t join load_student r on r.line = t.line",
        missing="r.class_id is null and r.school_id is not null",
        lookup="concat_ws('/', t.school, t.class)",
    ),
    differs(
        STUDENTS,
        source="staging.student t join load_student r on r.line = t.line"
        " join student k on k.school_id = r.school_id and k.id = r.kept_id",
        key="t.code",
        pairs=(
            ("class", "r.class_id", "k.class_id"),
            ("name", "t.name", "k.name"),
            ("birth_date", "t.birth_date", "k.birth_date"),
            ("moet_code", "t.moet_code", "k.moet_code"),
            ("status", "t.status", "k.status"),
            ("virtual_account", "t.virtual_account", "k.virtual_account"),
            ("guardians", "t.guardians", _KEPT_GUARDIANS),
        ),
    ),
)
