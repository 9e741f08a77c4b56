//! Users and their rights ("ACL 2.0" of RocketMQ 5.3).
//!
//! A listing is an array of these: read and write it with [`json`](crate::json).

use serde::{Deserialize, Serialize};

use super::json_body;

/// A user. What is missing in a request stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserInfo {
    /// The password.
    pub password: Option<String>,
    /// `enable` or `disable`.
    pub user_status: Option<String>,
    /// `Super` or `Normal`.
    pub user_type: Option<String>,
    /// The name.
    pub username: Option<String>,
}

/// Without the password: it must not reach a log.
impl std::fmt::Debug for UserInfo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            password: _,
            user_status,
            user_type,
            username,
        } = self;
        formatter
            .debug_struct("UserInfo")
            .field("username", username)
            .field("user_type", user_type)
            .field("user_status", user_status)
            .finish_non_exhaustive()
    }
}

/// What one subject may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AclInfo {
    /// Its policies.
    pub policies: Vec<PolicyInfo>,
    /// `User:` and its name.
    pub subject: String,
}

/// Policies that are looked at together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyInfo {
    /// The policies.
    pub entries: Vec<PolicyEntryInfo>,
    /// `Custom` or `Default`; `Custom` is looked at first.
    pub policy_type: Option<String>,
}

/// What may be done with one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyEntryInfo {
    /// What: `Pub`, `Sub`, …
    pub actions: Vec<String>,
    /// `Allow` or `Deny`.
    pub decision: Option<String>,
    /// `Topic:`, `Group:` or `Cluster:` and its name, or the start of it and `*`.
    pub resource: Option<String>,
    /// From where; anywhere if there is nothing.
    pub source_ips: Option<Vec<String>>,
}

json_body!(UserInfo, AclInfo);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::testing::golden;

    #[test]
    fn golden_bytes() {
        let user = UserInfo {
            password: Some("secret".into()),
            user_status: Some("enable".into()),
            user_type: Some("Normal".into()),
            username: Some("ann".into()),
        };
        golden(
            &user,
            r#"{"password":"secret","userStatus":"enable","userType":"Normal","username":"ann"}"#,
        );
        let entry = PolicyEntryInfo {
            actions: vec!["Pub".into(), "Sub".into()],
            decision: Some("Allow".into()),
            resource: Some("Topic:foo*".into()),
            source_ips: None,
        };
        golden(
            &AclInfo {
                policies: vec![PolicyInfo {
                    entries: vec![entry],
                    policy_type: Some("Custom".into()),
                }],
                subject: "User:ann".into(),
            },
            r#"{"policies":[{"entries":[{"actions":["Pub","Sub"],"decision":"Allow","resource":"Topic:foo*"}],"policyType":"Custom"}],"subject":"User:ann"}"#,
        );
        assert!(!format!("{user:?}").contains("secret"));
    }
}
