//! Roles and what each may do. The table is data; `api` prints it as a golden file.

use serde::{Deserialize, Serialize};

/// Who a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// runs the platform; all tenants
    Operator,
    /// builds integrations of one tenant
    Engineer,
    /// the tenant's own administrator
    CustomerAdmin,
    /// looks, changes nothing
    CustomerViewer,
}

/// What a request wants to do. One action per kind of route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    TenantManage,
    TenantView,
    ClientManage,
    ConnectorManage,
    ConnectorView,
    ConnectionManage,
    ConnectionView,
    MappingManage,
    MappingView,
    IntegrationManage,
    IntegrationView,
    RunStart,
    RunView,
    ResultView,
}

impl Role {
    pub const ALL: [Self; 4] = [
        Self::Operator,
        Self::Engineer,
        Self::CustomerAdmin,
        Self::CustomerViewer,
    ];

    /// Whether the role may do it. There is no wildcard: a new action is refused until listed.
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        let allowed: &[Action] = match self {
            Self::Operator => &Action::ALL,
            Self::Engineer => &[
                Action::TenantView,
                Action::ConnectorView,
                Action::ConnectionManage,
                Action::ConnectionView,
                Action::MappingManage,
                Action::MappingView,
                Action::IntegrationManage,
                Action::IntegrationView,
                Action::RunStart,
                Action::RunView,
                Action::ResultView,
            ],
            Self::CustomerAdmin => &[
                Action::TenantView,
                Action::ClientManage,
                Action::ConnectorView,
                Action::ConnectionView,
                Action::MappingView,
                Action::IntegrationView,
                Action::RunStart,
                Action::RunView,
                Action::ResultView,
            ],
            Self::CustomerViewer => &[
                Action::TenantView,
                Action::ConnectorView,
                Action::ConnectionView,
                Action::MappingView,
                Action::IntegrationView,
                Action::RunView,
                Action::ResultView,
            ],
        };
        allowed.contains(&action)
    }

    /// The word used in tokens, database and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Engineer => "engineer",
            Self::CustomerAdmin => "customer_admin",
            Self::CustomerViewer => "customer_viewer",
        }
    }

    /// The role named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl Action {
    pub const ALL: [Self; 14] = [
        Self::TenantManage,
        Self::TenantView,
        Self::ClientManage,
        Self::ConnectorManage,
        Self::ConnectorView,
        Self::ConnectionManage,
        Self::ConnectionView,
        Self::MappingManage,
        Self::MappingView,
        Self::IntegrationManage,
        Self::IntegrationView,
        Self::RunStart,
        Self::RunView,
        Self::ResultView,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operators_manage_tenants_and_connectors_and_viewers_start_nothing() {
        for role in Role::ALL {
            let operator = role == Role::Operator;
            assert_eq!(role.may(Action::TenantManage), operator);
            assert_eq!(role.may(Action::ConnectorManage), operator);
        }
        assert!(!Role::CustomerViewer.may(Action::RunStart));
    }
}
