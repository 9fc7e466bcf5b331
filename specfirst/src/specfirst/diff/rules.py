"""The kinds of changes: names that users can ignore, and that SARIF and JUnit show."""

from __future__ import annotations

from collections.abc import Mapping

_BOTH_WAYS = {
    "property-added": "An optional property is added",
    "property-added-required": "A required property is added",
    "property-added-restricted": "A property is added where an object could already have other values",
    "property-removed": "A property is removed",
    "property-required": "A property becomes required",
    "property-optional": "A property becomes optional",
    "object-closed": "Other properties than the declared ones are no longer allowed",
    "object-opened": "Other properties than the declared ones are now allowed",
    "enum-extended": "The known values of an extensible enum change",
    "media-type-added": "A media type is added",
    "media-type-removed": "A media type is removed",
}
"""What can happen to what clients send, and to what they receive: the rules `request-…` and `response-…`."""

_KEYWORDS = (
    *("type", "enum", "const", "min-length", "max-length", "pattern", "format", "minimum", "maximum"),
    *("exclusive-minimum", "exclusive-maximum", "multiple-of", "min-items", "max-items", "unique-items"),
    *("min-properties", "max-properties"),
)

_EFFECTS = {
    "narrowed": "allows fewer values",
    "widened": "allows more values",
    "changed": "may allow other values",
}

RULES: Mapping[str, str] = {
    "operation-added": "An operation is added",
    "operation-removed": "An operation is removed",
    "operation-hides": "An operation is added whose path takes the requests of another one",
    "operation-id": "The operationId changes",
    "webhook-added": "A webhook is added",
    "webhook-removed": "A webhook is removed",
    "callback-added": "A callback is added",
    "callback-removed": "A callback is removed",
    "parameter-added": "An optional parameter is added",
    "parameter-added-required": "A required parameter is added",
    "parameter-removed": "A parameter is removed or moved",
    "parameter-name": "A parameter has another name",
    "parameter-required": "A parameter becomes required",
    "parameter-optional": "A parameter becomes optional",
    "serialization": "The style or explode of a parameter or header changes",
    "request-body-added": "An optional request body is added",
    "request-body-added-required": "A required request body is added",
    "request-body-removed": "The request body is removed",
    "request-body-required": "The request body becomes required",
    "request-body-optional": "The request body becomes optional",
    "response-added": "A response of clients, to a webhook or callback, is added",
    "response-success-added": "A success or redirect response is added",
    "response-error-added": "An error response is added",
    "response-removed": "A response is removed",
    "header-added": "A header is added",
    "header-added-required": "A required header is added",
    "header-removed": "A header is removed",
    "header-required": "A header becomes required",
    "header-optional": "A header becomes optional",
    **{
        f"{way}-{name}": f"{text} ({way}s)"
        for way in ("request", "response")
        for name, text in (
            *_BOTH_WAYS.items(),
            *(
                (f"{keyword}-{effect}", f"A change of {subject} {meaning}")
                for keyword, subject in (
                    *((keyword, keyword) for keyword in _KEYWORDS),
                    ("alternative", "the alternatives (anyOf, oneOf, several types)"),
                    ("schema", "a schema that is compared as a whole"),
                )
                for effect, meaning in _EFFECTS.items()
            ),
        )
    },
    "request-default": "The default of a value in a request changes",
    "read-only": "readOnly of a value changes",
    "write-only": "writeOnly of a value changes",
    "content-media-type": "The media type in a text changes",
    "content-encoding": "The encoding of binary data in a text changes",
    "content-schema": "The schema of the data in a text changes",
    "discriminator": "A discriminator selects other alternatives",
    "discriminator-extended": "A discriminator selects more or fewer alternatives",
    "type-name": "The type of a value has another name",
    "schema-added": "A component schema is added",
    "schema-removed": "A component schema is removed",
    "schema-renamed": "A component schema has another name",
    "security-narrowed": "Callers who were allowed are rejected",
    "security-widened": "More callers are allowed",
    "security-scheme": "Clients must send their credentials in another way",
    "security-flows": "The flows of an OAuth security scheme change",
    "server-added": "A server is added",
    "server-removed": "A server is removed",
    "body-limit": "The largest accepted request body changes",
    "deprecated": "A part is deprecated, with a sunset date",
    "deprecated-without-sunset": "A part is deprecated, but clients do not know when it will be removed",
    "sunset-invalid": "A sunset date is not a date",
    "sunset-too-soon": "A sunset date is closer than the grace period",
    "sunset-earlier": "A sunset date is earlier than it was",
    "sunset-later": "A sunset date is later than it was",
    "reactivated": "A part is no longer deprecated",
    "stability-decreased": "A part is less stable than it was",
    "stability-increased": "A part is more stable than it was",
    "stability-invalid": "A stability level is not draft, alpha, beta or stable",
    "documentation": "Something changes that only people read",
    "unknown-effect": "A field changes whose effect on clients is unknown",
    "version-not-raised": "Changes are breaking, but the major version is the same",
    "version-decreased": "The version is lower than it was",
    "ignore-expired": "An entry of the ignore list has expired",
    "ignore-unused": "An entry of the ignore list matches no change",
}
"""All kinds of changes, and what each means."""
