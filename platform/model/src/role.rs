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
    /// a program that delivers: sends files and pushes records, and sees nothing
    Ingest,
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
    /// send files
    UploadSend,
    /// remove files that were sent
    UploadManage,
    /// push records
    RecordPush,
    /// which files and records came in, not their content
    IntakeView,
}

impl Role {
    pub const ALL: [Self; 5] = [
        Self::Operator,
        Self::Engineer,
        Self::CustomerAdmin,
        Self::CustomerViewer,
        Self::Ingest,
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
                Action::UploadSend,
                Action::UploadManage,
                Action::RecordPush,
                Action::IntakeView,
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
                Action::UploadSend,
                Action::UploadManage,
                Action::RecordPush,
                Action::IntakeView,
            ],
            Self::CustomerViewer => &[
                Action::TenantView,
                Action::ConnectorView,
                Action::ConnectionView,
                Action::MappingView,
                Action::IntegrationView,
                Action::RunView,
                Action::ResultView,
                Action::IntakeView,
            ],
            Self::Ingest => &[Action::UploadSend, Action::RecordPush],
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
            Self::Ingest => "ingest",
        }
    }

    /// The role named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl Action {
    pub const ALL: [Self; 18] = [
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
        Self::UploadSend,
        Self::UploadManage,
        Self::RecordPush,
        Self::IntakeView,
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

    #[test]
    fn who_delivers_can_do_nothing_else() {
        let may = |action: &Action| Role::Ingest.may(*action);
        let allowed: Vec<Action> = Action::ALL.into_iter().filter(may).collect();
        assert_eq!(allowed, [Action::UploadSend, Action::RecordPush]);
    }
}
