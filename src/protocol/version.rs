//! The protocol versions that behaviour depends on (ordinals of RocketMQ's `MQVersion.Version`).

/// What this build announces: RocketMQ 5.3.3, whose behaviour it follows.
pub const CURRENT_VERSION: i32 = V5_3_3;

/// Resets of offsets are pushed to clients from here on.
pub const V3_0_7_SNAPSHOT: i32 = 28;
/// Brokers register with a JSON body from here on.
pub const V3_0_11: i32 = 37;
/// Clients answer questions about their running state from here on.
pub const V3_1_8_SNAPSHOT: i32 = 62;
/// Consumers send their own `maxReconsumeTimes` from here on.
pub const V3_4_9: i32 = 121;
/// The last version that does not sign `_UNIQUE_KEY_QUERY`.
pub const V4_9_3: i32 = 399;
/// Clients read standard JSON routes, with quoted keys, from here on.
pub const V4_9_4: i32 = 401;
/// Compressed broker registrations carry static-topic mappings from here on.
pub const V5_0_0: i32 = 413;
/// RocketMQ 5.3.3.
pub const V5_3_3: i32 = 479;

/// The versions worth a name in a table: ordinal and text, ascending.
const NAMES: &[(i32, &str)] = &[
    (121, "V3_4_9"),
    (137, "V3_5_8"),
    (143, "V3_6_2"),
    (213, "V4_0_0"),
    (233, "V4_1_0"),
    (253, "V4_2_0"),
    (273, "V4_3_0"),
    (293, "V4_4_0"),
    (313, "V4_5_0"),
    (317, "V4_5_2"),
    (333, "V4_6_0"),
    (335, "V4_6_1"),
    (353, "V4_7_0"),
    (355, "V4_7_1"),
    (373, "V4_8_0"),
    (393, "V4_9_0"),
    (395, "V4_9_1"),
    (397, "V4_9_2"),
    (399, "V4_9_3"),
    (401, "V4_9_4"),
    (403, "V4_9_5"),
    (405, "V4_9_6"),
    (407, "V4_9_7"),
    (409, "V4_9_8"),
    (413, "V5_0_0"),
    (433, "V5_1_0"),
    (435, "V5_1_1"),
    (439, "V5_1_3"),
    (441, "V5_1_4"),
    (453, "V5_2_0"),
    (473, "V5_3_0"),
    (475, "V5_3_1"),
    (477, "V5_3_2"),
    (479, "V5_3_3"),
    (481, "V5_3_4"),
];

/// The name of a version, as RocketMQ prints it (`V5_3_3`); its number where the name is not known.
#[must_use]
pub fn name_of(version: i32) -> String {
    NAMES
        .iter()
        .find(|(ordinal, _)| *ordinal == version)
        .map_or_else(|| version.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announced_version_has_a_name() {
        assert_eq!(name_of(CURRENT_VERSION), "V5_3_3");
        assert_eq!(name_of(7), "7");
    }
}
