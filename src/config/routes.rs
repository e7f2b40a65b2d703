//! Route rules as written: the tables `routes`.

use serde::Deserialize;

use super::ConfigError;
use crate::gateway::{RouteRule, RouteRules, RuleFault};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteTable {
    #[serde(rename = "match")]
    pattern: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    public: bool,
}

/// The rules of these tables, in their order. `targets`: whether anything says what is asked for.
pub(super) fn validate(tables: &[RouteTable], targets: bool) -> Result<RouteRules, ConfigError> {
    if !tables.is_empty() && !targets {
        let reason = "need gateway, or forward_auth: a proxy that shows its secret";
        return Err(ConfigError::new("routes", reason));
    }
    let rule = |(index, table): (usize, &RouteTable)| {
        let RouteTable { pattern, scopes, strict, public } = table;
        RouteRule::new(pattern, scopes.clone(), *strict, *public)
            .map_err(|fault| at(Some(index), fault))
    };
    let rules = tables.iter().enumerate().map(rule).collect::<Result<Vec<_>, _>>()?;
    RouteRules::new(rules).map_err(|(index, fault)| at(index, fault))
}

fn at(index: Option<usize>, fault: RuleFault) -> ConfigError {
    let path = match index {
        Some(index) => format!("routes[{index}].{}", fault.field),
        None => "routes".to_owned(),
    };
    ConfigError::new(path, fault.reason)
}
