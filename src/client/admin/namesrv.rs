//! Name servers: their table of values, their settings, write permissions. Each name server has its
//! own; what is changed is changed on all of them.

use std::collections::BTreeMap;

use protocol::body::KvTable;
use protocol::header::{
    AddWritePermOfBrokerRequestHeader, AddWritePermOfBrokerResponseHeader,
    DeleteKvConfigRequestHeader, GetKvConfigRequestHeader, GetKvConfigResponseHeader,
    GetKvListByNamespaceRequestHeader, PutKvConfigRequestHeader,
    WipeWritePermOfBrokerRequestHeader, WipeWritePermOfBrokerResponseHeader,
};
use protocol::{RemotingCommand, RequestCode, ResponseCode};

use super::{Admin, properties_text};
use crate::peer::{Answer, Peer};
use crate::{ClientError, Partial};

impl Admin {
    /// A value, as one name server has it.
    ///
    /// # Errors
    /// No name server.
    pub async fn kv_get(&self, namespace: &str, key: &str) -> Result<Option<String>, ClientError> {
        let code = RequestCode::GetKvConfig;
        let header = GetKvConfigRequestHeader {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        match self.shared.ask_namesrv(code, request).await {
            Ok(answer) => Ok(answer.header::<GetKvConfigResponseHeader>()?.value),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets a value; says on which name servers.
    pub async fn kv_put(&self, namespace: &str, key: &str, value: &str) -> Partial<String> {
        let code = RequestCode::PutKvConfig;
        let header = PutKvConfigRequestHeader {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        };
        self.tell_namesrvs(code, RemotingCommand::request(code).with_header(&header))
            .await
    }

    /// Removes a value; says from which name servers.
    pub async fn kv_delete(&self, namespace: &str, key: &str) -> Partial<String> {
        let code = RequestCode::DeleteKvConfig;
        let header = DeleteKvConfigRequestHeader {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
        };
        self.tell_namesrvs(code, RemotingCommand::request(code).with_header(&header))
            .await
    }

    /// All values of a namespace, as one name server has them.
    ///
    /// # Errors
    /// No name server.
    pub async fn kv_list(&self, namespace: &str) -> Result<BTreeMap<String, String>, ClientError> {
        let code = RequestCode::GetKvlistByNamespace;
        let header = GetKvListByNamespaceRequestHeader {
            namespace: namespace.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        match self.shared.ask_namesrv(code, request).await {
            Ok(answer) => Ok(answer.body(KvTable::from_json)?.table),
            Err(error) if is_absent(&error) => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }

    /// How a name server is set up, by RocketMQ's names.
    ///
    /// # Errors
    /// The name server does not answer.
    pub async fn namesrv_config(
        &self,
        addr: &str,
    ) -> Result<BTreeMap<String, String>, ClientError> {
        let code = RequestCode::GetNamesrvConfig;
        let request = RemotingCommand::request(code);
        let answer = self.shared.ask(Peer::namesrv(addr), code, request).await?;
        Ok(properties_text::read(&answer.response.body))
    }

    /// Changes settings of a running name server.
    ///
    /// # Errors
    /// A name that is none, or a name server's no.
    pub async fn update_namesrv_config(
        &self,
        addr: &str,
        settings: &[(&str, &str)],
    ) -> Result<(), ClientError> {
        let code = RequestCode::UpdateNamesrvConfig;
        let request = RemotingCommand::request(code).with_body(properties_text::write(settings)?);
        self.shared
            .ask(Peer::namesrv(addr), code, request)
            .await
            .map(drop)
    }

    /// Keeps producers away from a broker until it registers with other settings: says for how many
    /// topics, on each name server.
    pub async fn wipe_write_perm(&self, broker_name: &str) -> Partial<(String, i32)> {
        let code = RequestCode::WipeWritePermOfBroker;
        let header = WipeWritePermOfBrokerRequestHeader {
            broker_name: broker_name.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let count = |answer: Answer<'_>| {
            Ok(answer
                .header::<WipeWritePermOfBrokerResponseHeader>()?
                .wipe_topic_count)
        };
        self.ask_namesrvs(code, &request, count).await
    }

    /// Lets producers write to a broker again: says for how many topics, on each name server.
    pub async fn add_write_perm(&self, broker_name: &str) -> Partial<(String, i32)> {
        let code = RequestCode::AddWritePermOfBroker;
        let header = AddWritePermOfBrokerRequestHeader {
            broker_name: broker_name.to_owned(),
        };
        let request = RemotingCommand::request(code).with_header(&header);
        let count = |answer: Answer<'_>| {
            Ok(answer
                .header::<AddWritePermOfBrokerResponseHeader>()?
                .add_topic_count)
        };
        self.ask_namesrvs(code, &request, count).await
    }

    async fn tell_namesrvs(&self, code: RequestCode, request: RemotingCommand) -> Partial<String> {
        let told = self.ask_namesrvs(code, &request, |_| Ok(())).await;
        told.map_items(|told| told.into_iter().map(|(addr, ())| addr).collect())
    }
}

fn is_absent(error: &ClientError) -> bool {
    error.response_code() == Some(ResponseCode::QueryNotFound)
}
