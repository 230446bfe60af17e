//! `GET /d/openapi.json`: the domestic API for machines, generated from the handlers and the wire types.

use axum::Json;
use em2_model::refusal::Refusal;
use em2_model::wire::live::Live;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

/// The document (OpenAPI 3.1).
#[derive(OpenApi)]
#[openapi(
    info(
        title = "em2 domestic API",
        description = "What a platform's own people and their clients ask and do. Every POST takes JSON, or the same \
                       fields as an HTML form; a form is answered by a redirect.",
        license(name = "MIT", identifier = "MIT"),
    ),
    paths(
        super::list::list,
        super::search::search,
        super::conversation::conversation,
        super::conversation::events,
        super::conversation::versions,
        super::live::connect,
        super::evt::act,
        super::new::start,
        super::publish::publish,
        super::retry::retry,
        super::fork::fork,
        super::request::request,
        super::request::answer,
    ),
    // Frames of the socket, and problems, stand in no answer above.
    components(schemas(Live, Refusal)),
    modifiers(&Session),
    security(("session" = [])),
)]
struct Document;

/// The cookie of sign-in.
struct Session;

impl utoipa::Modify for Session {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-em2",
            "Given by POST /sign-in.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// GET /d/openapi.json
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_what_it_was() {
        let mut document = serde_json::to_value(Document::openapi()).unwrap();
        document["info"]["version"] = "of the package".into();
        insta::assert_json_snapshot!(document);
    }
}
