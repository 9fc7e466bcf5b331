"""Compare two schemas: their differences, and the effect of each on clients.

The walk follows both schemas through properties, items and alternatives, so it knows the location of each
change. The keywords of one scalar, array or object are then compared by containment, which takes their
meaning into account.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from jsonschema_rs.canonical import Containment

from specfirst.contract.document import Pointer
from specfirst.diff.alternatives import (
    CONSTRAINTS,
    UNIONS,
    WALKED,
    Alternatives,
    Matched,
    alternatives,
    described,
    discriminator_names,
    disjoint,
    is_exclusive,
    is_union,
    is_whole,
    match,
)
from specfirst.diff.changes import ABSENT, Changes, Level, Recorded
from specfirst.diff.containment import (
    NO,
    REASONS,
    UNKNOWN,
    YES,
    TooLarge,
    Way,
    covers,
    in_one_order,
    satisfies,
    self_contained,
)
from specfirst.diff.lifecycle import FIELDS, compare_lifecycle, removal
from specfirst.diff.part import NOT_VALIDATING, Part, is_descriptive

_EFFECTS: Mapping[tuple[Way, Containment], str] = {
    (Way.REQUEST, YES): "widened",
    (Way.REQUEST, NO): "narrowed",
    (Way.RESPONSE, YES): "narrowed",
    (Way.RESPONSE, NO): "widened",
    (Way.REQUEST, UNKNOWN): "changed",
    (Way.RESPONSE, UNKNOWN): "changed",
}
"""What happened to the set of values, as the ends of rule names say it."""


_SAME_BOTH_WAYS = {
    *("documentation", "type-name", "read-only", "write-only", "discriminator", "discriminator-extended"),
    *("content-media-type", "content-encoding", "content-schema"),
}
"""Rules whose effect does not depend on the direction of the value."""


class SchemaComparison:
    """Compares the schemas of one body, parameter or header."""

    def __init__(self, changes: Changes, place: str, way: Way) -> None:
        self._changes, self._place, self._way = changes, place, way
        self._seen: set[tuple[Pointer, Pointer]] = set()

    def compare(self, old: Part, new: Part, trail: str = "") -> None:
        """Add all changes from `old` to `new`, which are at `trail` in the value."""
        unchanged = self._changes.unchanged
        if unchanged and unchanged.covers(old, new):
            return
        # Fields next to a reference belong to this place, whether or not the component has been compared.
        self._aside(old, new, trail)
        if old.component is not None and new.component is not None:
            self._component(old, new, trail)
        elif (old.pointer, new.pointer) not in self._seen:
            self._seen.add((old.pointer, new.pointer))
            self._walk(old, new, trail)

    def _component(self, old: Part, new: Part, trail: str) -> None:
        """Compare two components: once for all places of the contract. Add the changes to this place."""
        if isinstance(self._changes, Recorded):
            self._changes.inner.append((old, new, trail))
            return
        waiting = deque([(old, new, trail)])
        while waiting:
            old, new, trail = waiting.popleft()
            if (old.pointer, new.pointer) in self._seen:
                continue
            self._seen.add((old.pointer, new.pointer))
            found = self._recorded(old, new)
            self._add_recorded(found, trail)
            waiting.extend(
                (one, other, f"{trail}{inner}")
                for one, other, inner in found.inner
                if (one.pointer, other.pointer) not in self._seen
            )

    def _add_recorded(self, found: Recorded, trail: str) -> None:
        for inner, change in found.changes:
            self._changes.put(change, self._where(f"{trail}{inner}"))

    def _recorded(self, old: Part, new: Part) -> Recorded:
        """Return the changes of two components alone, and the pairs of components inside them."""
        key = (self._way, old.pointer, new.pointer)
        known = self._changes.compared
        if key not in known:
            known[key] = found = Recorded(self._changes)
            walk = SchemaComparison(found, "", self._way)
            walk._walk(old, new, "")
        return known[key]

    def _where(self, trail: str) -> str:
        """Return the text of a place: below the place of the comparison, or relative if it is recorded."""
        if isinstance(self._changes, Recorded):
            return trail
        return f"{self._place}: property {trail.lstrip('.')}" if trail else self._place

    def _walk(self, old: Part, new: Part, trail: str) -> None:
        if any(_is_mixed(part) or is_exclusive(part) for part in (old, new)):
            self._combined(old, new, trail)
        else:
            self._members(old, new, trail)

    def _members(self, old: Part, new: Part, trail: str) -> None:
        """Compare the alternatives of two schemas, neither of which has other keywords beside them."""
        before, after = alternatives(old), alternatives(new)
        matched = match(old, new, before.members, after.members)
        self._alternatives(old, new, before, after, matched, trail)
        for one, other in matched.pairs:
            if one.pointer != old.pointer and other.pointer != new.pointer:
                self._aside(one, other, trail)
            self._name(one, other, trail)
            inner = (one.pointer, other.pointer) != (old.pointer, new.pointer)
            # Each part of a schema with several types is at the same location.
            parts = [sum(part.pointer == one.pointer for part in before.members)]
            parts += [sum(part.pointer == other.pointer for part in after.members)]
            if is_whole(one) and is_whole(other) and one.pointer != old.pointer:
                self._component(one, other, trail)
            elif inner and (is_union(one) or is_union(other)) and parts == [1, 1]:
                if (one.pointer, other.pointer) not in self._seen:
                    self._seen.add((one.pointer, other.pointer))
                    self._walk(one, other, trail)
            else:
                self._single(one, other, trail)

    def _add(
        self,
        rule: str,
        level: Level,
        pointer: Pointer,
        trail: str,
        what: str,
        reason: str,
        old: Any = ABSENT,
        new: Any = ABSENT,
    ) -> None:
        rule = rule if rule in _SAME_BOTH_WAYS else f"{self._way.value}-{rule}"
        self._changes.add(rule, level, pointer, self._where(trail), what, reason, old, new)

    def _judge(
        self,
        rule: str,
        kept: Containment,
        pointer: Pointer,
        trail: str,
        what: str,
        old: Any = ABSENT,
        new: Any = ABSENT,
    ) -> None:
        """Add a change whose effect was proven, or not: an unproven one counts as breaking."""
        level = Level.COMPATIBLE if kept is YES else Level.BREAKING
        rule = f"{rule}-{_EFFECTS[self._way, kept]}"
        self._add(rule, level, pointer, trail, what, REASONS[self._way, kept], old, new)

    def _aside(self, old: Part, new: Part, trail: str) -> None:
        """Compare the keywords that do not constrain values."""
        for name in sorted((old.node.keys() | new.node.keys()) - {*FIELDS}):
            before, after = old.node.get(name, ABSENT), new.node.get(name, ABSENT)
            if before == after or _is_another_component(old, new, name):
                continue
            if name == "x-extensible-enum":
                rule, level, reason = self._extensible_enum(before, after)
            elif is_descriptive(name) or (name == "default" and self._way is Way.RESPONSE):
                rule, level, reason = "documentation", Level.DOCUMENTATION, "for people"
            elif name == "default":
                rule, level, reason = (
                    "default",
                    Level.BREAKING,
                    "a request without the value has another meaning",
                )
            elif name == "discriminator" and discriminator_names(old) == discriminator_names(new) is not None:
                # Another notation, such as a schema's name instead of its reference.
                continue
            elif name == "discriminator" and _agree(old, new):
                rule, level, reason = (
                    "discriminator-extended",
                    Level.COMPATIBLE,
                    "each alternative keeps its name",
                )
            elif name == "discriminator" and discriminator_names(old) and discriminator_names(new):
                rule, level, reason = (
                    "discriminator",
                    Level.BREAKING,
                    "a discriminator value selects another alternative, or an alternative has another value",
                )
            elif name in NOT_VALIDATING:
                rule, level, reason = _rule_of(name), Level.BREAKING, "the types of generated clients change"
            else:
                continue
            self._add(rule, level, new.where(name), trail, name, reason, before, after)
        if not any(_is_another_component(old, new, name) for name in FIELDS):
            compare_lifecycle(self._changes, old, new, self._where(trail))

    def _extensible_enum(self, before: Any, after: Any) -> tuple[str, Level, str]:
        """Judge a list of values that may become longer: clients must expect other values in responses."""
        lists = isinstance(before, list) and isinstance(after, list)
        if self._way is Way.REQUEST and lists and any(value not in after for value in before):
            return "enum-narrowed", Level.BREAKING, REASONS[Way.REQUEST, NO]
        if self._way is Way.REQUEST and before is ABSENT:
            return "enum-narrowed", Level.BREAKING, REASONS[Way.REQUEST, NO]
        reason = "clients must expect values that are not in the list"
        return "enum-extended", Level.COMPATIBLE, reason

    def _name(self, old: Part, new: Part, trail: str) -> None:
        """Report a type with another name at one place. A removed name is reported once."""
        if old.component != new.component and (
            old.component is None or old.component in new.document.schemas
        ):
            before, after = old.component or ABSENT, new.component or ABSENT
            reason = "the type of this value has another name; the accepted values are compared separately"
            self._add(
                "type-name", Level.COMPATIBLE, new.pointer, trail, "component schema", reason, before, after
            )

    def _alternatives(
        self, old: Part, new: Part, before: Alternatives, after: Alternatives, matched: Matched, trail: str
    ) -> None:
        """Report alternatives without a counterpart, and those that may now match a value of another one."""
        requests = self._way is Way.REQUEST
        lost, gained = (matched.removed, matched.added) if requests else (matched.added, matched.removed)
        narrow, wide = (before, after) if requests else (after, before)
        # A union may be long: it is inlined once, and only if types and constants do not decide.
        inlined = cache(lambda: self._inlined(new if requests else old, wide=True))
        whole = cache(lambda: _proof(inlined(), self._inlined(old if requests else new, wide=False)))
        kept: dict[int, Containment] = {}
        for one in lost:
            # Other alternatives may accept the same values.
            apart = all(disjoint(one, other) for other in wide.members)
            kept[id(one)] = NO if apart else _proof(inlined(), self._inlined(one, wide=False))
        for one in gained:
            kept[id(one)] = whole() if wide.exclusive and wide.overlapping(one) else YES
        for one in matched.removed:
            what = f"{described(one)} is no longer allowed"
            if not requests and kept[id(one)] is not YES:
                what += "; its values may match another schema in oneOf, and then could not come"
            self._judge("alternative", kept[id(one)], new.pointer, trail, what)
        for one in matched.added:
            what = f"{described(one)} is now allowed"
            if requests and kept[id(one)] is not YES:
                what += "; its values may match another schema in oneOf, and then are refused"
            self._judge("alternative", kept[id(one)], one.pointer, trail, what)
        if not wide.exclusive:
            return
        was_exclusive = len(narrow.members) == 1 or "oneOf" in (old if requests else new).keywords
        for one, other in matched.pairs:
            if not wide.overlapping(other if requests else one) or (
                was_exclusive and self._is_narrower(one, other)
            ):
                continue
            if whole() is not YES:
                what = f"{described(other)} changed; its values may match another schema in oneOf too"
                self._judge("alternative", whole(), other.pointer, trail, what)

    def _is_narrower(self, old: Part, new: Part) -> bool:
        """Return whether the part that may accept more values than the other one is proven not to."""
        if self._is_same(old, new):
            return True
        narrow, wide = (old, new) if self._way is Way.REQUEST else (new, old)
        return _proof(self._inlined(narrow, wide=False), self._inlined(wide, wide=True)) is YES

    def _whole(self, old: Part, new: Part) -> Containment:
        """Return whether the change of two schemas is compatible, from a proof about all their values."""
        narrow, wide = (old, new) if self._way is Way.REQUEST else (new, old)
        return _proof(self._inlined(wide, wide=True), self._inlined(narrow, wide=False))

    def _is_same(self, old: Part, new: Part) -> bool:
        """Return whether two schemas accept the same values, as far as their notation shows it."""
        unchanged = self._changes.unchanged
        if unchanged and unchanged.is_alike(old, new):
            return True
        before, after = self._inlined(old, wide=False), self._inlined(new, wide=False)
        return before is not None and before == after

    def _inlined(self, part: Part, *, wide: bool) -> dict[str, Any] | None:
        """Return a schema without references, or None if it is too large; in a response, `wide` is opened."""
        try:
            return self_contained(part, opened=wide and self._way is Way.RESPONSE)
        except TooLarge:
            return None

    def _single(self, old: Part, new: Part, trail: str) -> None:
        """Compare two schemas that are not alternatives alone."""
        if not old.keywords.keys() | new.keywords.keys() <= CONSTRAINTS | WALKED:
            self._combined(old, new, trail)
        elif self._constraints(old, new, trail):
            self._properties(old, new, trail)
            if "items" in old.node or "items" in new.node:
                self.compare(old.child("items"), new.child("items"), f"{trail}[]")

    def _combined(self, old: Part, new: Part, trail: str) -> None:
        """Compare schemas of which one part may forbid what another one did: by parts, or as a whole."""
        others = (old.keywords.keys() | new.keywords.keys()) - _SEPARATE
        if "$ref" in old.keywords and "$ref" in new.keywords:
            others.discard("$ref")
        trial, levels = self._trial(old, new, trail)
        if not others and Level.BREAKING not in levels:
            self._keep(trial)
        elif self._is_same(old, new):
            self._keep_same(old, new, trail)
        elif (
            (kept := self._whole(old, new)) is YES
            or Level.BREAKING not in levels
            or not self._is_same(_only(old, others), _only(new, others))
        ):
            self._judge("schema", kept, new.pointer, trail, "the schema changed")
        else:
            self._keep(trial)
            if others:
                # What `unevaluatedProperties` allows depends on the parts that have changed.
                self._judge("schema", kept, new.pointer, trail, "the schema changed")

    def _keep_same(self, old: Part, new: Part, trail: str) -> None:
        if in_one_order(old.keywords) != in_one_order(new.keywords):
            rule, level = "documentation", Level.DOCUMENTATION
            what, reason = "the schema is written differently", "the meaning is the same"
            self._add(rule, level, new.pointer, trail, what, reason)

    def _keywords(self, old: Part, new: Part, trail: str) -> None:
        """Compare groups of keywords, each of which restricts values independently of the others."""
        self._single(_only(old, CONSTRAINTS | WALKED), _only(new, CONSTRAINTS | WALKED), trail)
        if "$ref" in old.keywords and "$ref" in new.keywords:
            # There are constraints beside the reference, or it would have been resolved.
            targets = [Part.at(part.document, _only(part, {"$ref"}).node, ()) for part in (old, new)]
            self.compare(targets[0], targets[1], trail)
        matched = match(old, new, old.listed("allOf"), new.listed("allOf"))
        for one, other in matched.pairs:
            self.compare(one, other, trail)
        changed = {"allOf"} if matched.removed or matched.added else set[str]()
        olds, news = ({name for name in UNIONS if name in part.keywords} for part in (old, new))
        shared = [(name, name) for name in sorted(olds & news)]
        if len(olds) == len(news) == 1:
            # `anyOf` may have become `oneOf`.
            shared = [(min(olds), min(news))]
        else:
            for name in sorted(olds ^ news):
                kept = self._whole(_only(old, {name}), _only(new, {name}))
                what = f"{name} is {'removed' if name in olds else 'added'}"
                self._judge("schema", kept, new.where(name), trail, what)
        for names in shared:
            one, other = (
                _only(part, {name, "discriminator"}) for part, name in zip((old, new), names, strict=True)
            )
            self._members(one, other, trail)
        changed |= _APART
        one, other = _only(old, changed), _only(new, changed)
        if not self._is_same(one, other):
            before, after = in_one_order(one.keywords), in_one_order(other.keywords)
            different = [name for name in sorted(before | after) if before.get(name) != after.get(name)]
            what = f"{', '.join(different or sorted(before))} changed"
            self._judge("schema", self._whole(one, other), new.pointer, trail, what)

    def _trial(self, old: Part, new: Part, trail: str) -> tuple[Recorded, set[Level]]:
        """Compare by parts; return what was found, and the levels of all changes in it."""
        trial = Recorded(self._changes)
        self._changes.trials.append(trial)
        walk = SchemaComparison(trial, "", self._way)
        # A copy: if the trial fails, these schemas have not been compared yet.
        walk._seen |= self._seen
        if any(map(is_union, (old, new))) and not any(map(_is_mixed, (old, new))):
            walk._members(old, new, trail)
        else:
            walk._keywords(old, new, trail)
        levels = self._levels(trial)
        self._changes.trials.pop()
        return trial, levels

    def _keep(self, trial: Recorded) -> None:
        """Report what a trial found."""
        self._add_recorded(trial, "")
        for old, new, inner in trial.inner:
            self._component(old, new, inner)

    def _levels(self, found: Recorded) -> set[Level]:
        """Return the levels of these changes and of those in the components inside.

        A component that contains itself may still be in comparison: then its changes so far count.
        """
        waiting, seen, levels = [found], set[tuple[Pointer, Pointer]](), set[Level]()
        while waiting:
            found = waiting.pop()
            levels |= {change.level for _, change in found.changes}
            waiting += found.trials
            for old, new, _ in found.inner:
                if (old.pointer, new.pointer) not in seen:
                    seen.add((old.pointer, new.pointer))
                    waiting.append(self._recorded(old, new))
        return levels

    def _constraints(self, old: Part, new: Part, trail: str) -> bool:
        """Compare the constraints of the value itself; return False if its type has changed."""
        before = {name: value for name, value in old.node.items() if name in CONSTRAINTS}
        after = {name: value for name, value in new.node.items() if name in CONSTRAINTS}
        changed = [name for name in (before | after) if before.get(name, ABSENT) != after.get(name, ABSENT)]
        if changed and covers(before, after) is covers(after, before) is YES:
            # Only the notation differs, such as the order of an enum.
            return True
        narrow, wide = (before, after) if self._way is Way.REQUEST else (after, before)
        verdicts = {name: satisfies(narrow, wide, name) for name in changed}
        another_kind = {"type"} <= before.keys() & after.keys() and verdicts.get("type", YES) is not YES
        for name in ["type"] if another_kind else changed:
            values = before.get(name, ABSENT), after.get(name, ABSENT)
            self._judge(_rule_of(name), verdicts[name], new.where(name), trail, name, *values)
        return not another_kind

    def _properties(self, old: Part, new: Part, trail: str) -> None:
        before, after = old.named("properties"), new.named("properties")
        for name in [*before, *(name for name in after if name not in before)]:
            where, inner = (*new.pointer, "properties", name), f"{trail}.{name}"
            if all(self._other_way(part[name]) for part in (before, after) if name in part):
                continue
            if name not in after:
                reason = "clients that read it do not find it"
                if self._way is Way.REQUEST:
                    closed = new.node.get("additionalProperties") is False
                    reason = "requests with it are rejected" if closed else "what clients send has no effect"
                level, reason = removal(before[name].node, self._changes.today, reason)
                self._add("property-removed", level, where, inner, "the property is removed", reason)
            elif name not in before:
                # A property can be required without being declared.
                if name in old.node.get("required", []):
                    self._required(old, new, name, inner)
                self._added_property(old, new, after[name], where, inner)
            else:
                self._required(old, new, name, inner)
                self.compare(before[name], after[name], inner)
        for name in {*old.node.get("required", []), *new.node.get("required", [])}.difference(before):
            if name not in after:
                self._required(old, new, name, f"{trail}.{name}")
        self._other_properties(old, new, trail)

    def _other_way(self, schema: Part) -> bool:
        """Return whether a property does not travel in this direction (OpenAPI 3.1, section 4.8.24)."""
        return schema.node.get("readOnly" if self._way is Way.REQUEST else "writeOnly") is True

    def _added_property(self, old: Part, new: Part, schema: Part, where: Pointer, trail: str) -> None:
        required = where[-1] in new.node.get("required", [])
        what = f"the {'required ' if required else ''}property is added"
        # An object that was not closed could already have any value under this name.
        others = old.child("additionalProperties")
        kept = YES if _is_never(others) else self._whole(others, schema)
        if self._way is Way.RESPONSE and kept is YES:
            rule, reason = "property-added", "clients ignore unknown values"
            self._add(rule, Level.COMPATIBLE, where, trail, what, reason)
        elif self._way is Way.REQUEST and required and where[-1] not in old.node.get("required", []):
            rule, reason = "property-added-required", "requests without it are rejected"
            self._add(rule, Level.BREAKING, where, trail, what, reason)
        else:
            rule = "property-added" if kept is YES else "property-added-restricted"
            level = Level.COMPATIBLE if kept is YES else Level.BREAKING
            self._add(rule, level, where, trail, what, REASONS[self._way, kept])

    def _required(self, old: Part, new: Part, name: str, trail: str) -> None:
        before, after = name in old.node.get("required", []), name in new.node.get("required", [])
        if before == after:
            return
        if self._way is Way.REQUEST:
            breaks, reason = after, "requests without it are rejected"
        else:
            breaks, reason = before, "clients that rely on it may not find it"
        level = Level.BREAKING if breaks else Level.COMPATIBLE
        reason = reason if breaks else REASONS[self._way, YES]
        rule = "property-required" if after else "property-optional"
        self._add(rule, level, (*new.pointer, "properties", name), trail, "required", reason, before, after)

    def _other_properties(self, old: Part, new: Part, trail: str) -> None:
        """Compare additional properties; objects are open unless they declare otherwise."""
        if "additionalProperties" not in old.node.keys() | new.node.keys():
            return
        before, after = old.child("additionalProperties"), new.child("additionalProperties")
        where, inner = new.where("additionalProperties"), f"{trail}.*"
        if _is_never(before) and _is_never(after):
            pass
        elif _is_never(after) and not before.node and self._way is Way.RESPONSE:
            reason = REASONS[self._way, YES]
            self._add("object-closed", Level.COMPATIBLE, where, trail, "the object is closed", reason)
        elif _is_never(after):
            # In a response, clients may have read additional properties that are no longer possible.
            requests = self._way is Way.REQUEST
            reason = REASONS[self._way, NO] if requests else "clients that read it do not find it"
            self._add("object-closed", Level.BREAKING, where, trail, "the object is closed", reason)
        elif _is_never(before):
            reason = "clients that do not use it are not affected"
            self._add("object-opened", Level.COMPATIBLE, where, trail, "the object is opened", reason)
        else:
            self.compare(before, after, inner)


_APART = {
    *("not", "if", "then", "else", "contains", "minContains", "maxContains", "propertyNames"),
    *("dependentRequired", "dependentSchemas"),
}
"""Keywords that restrict values independently of those that the walk follows."""

_SEPARATE = CONSTRAINTS | WALKED | _APART | {"allOf", *UNIONS}


def _proof(wide: Mapping[str, Any] | None, narrow: Mapping[str, Any] | None) -> Containment:
    return UNKNOWN if wide is None or narrow is None else covers(wide, narrow)


def _only(part: Part, fields: Collection[str]) -> Part:
    return replace(part, node={name: value for name, value in part.node.items() if name in fields})


def _rule_of(keyword: str) -> str:
    """Write a keyword as rules do: `maxLength` is `max-length`."""
    return re.sub("([A-Z])", r"-\1", keyword).lower()


def _is_another_component(old: Part, new: Part, name: str) -> bool:
    """Return whether a field differs only because one is a component, compared separately."""
    described = [part for part in (old, new) if name in part.node]
    own = [part for part in described if part.component and name not in part.beside]
    return is_descriptive(name) and len(described) == len(own) == 1 and old.component != new.component


def _agree(old: Part, new: Part) -> bool:
    """Return whether two discriminators have the same meaning for each value and alternative."""
    before, after = discriminator_names(old), discriminator_names(new)
    if not before or not after or before[0] != after[0]:
        return False
    shared = {*before[1].values()} & {*after[1].values()}
    names = [
        {name for name, reference in each.items() if reference in shared} for each in (before[1], after[1])
    ]
    return names[0] == names[1] and all(
        before[1][name] == after[1][name] for name in before[1].keys() & after[1].keys()
    )


def _is_mixed(schema: Part) -> bool:
    """Return whether a schema has alternatives and other keywords."""
    return not schema.keywords.keys().isdisjoint(UNIONS) and not is_union(schema)


def _is_never(schema: Part) -> bool:
    return schema.node == {"not": {}}
