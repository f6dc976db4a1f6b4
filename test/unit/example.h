/*
 * The worked example of docs/REPOSITORY_FORMAT.md: computed with other tools
 * than this program's code, so that both can be held against each other.
 */
#ifndef ERPGO_TEST_UNIT_EXAMPLE_H
#define ERPGO_TEST_UNIT_EXAMPLE_H

#define EXAMPLE_MASTER_KEY "correct horse battery staple"
#define EXAMPLE_CLUSTER_KEY \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define EXAMPLE_CLUSTER_KEY_ID "114583e18ec47930"
#define EXAMPLE_DATA_KEY \
	"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"

#define EXAMPLE_SYSTEM_IDENTIFIER "7307061402344213589"
#define EXAMPLE_BACKUP_ID "20261122T180000Z-full"
#define EXAMPLE_KEY_NAME "main/key/0123456789abcdef.json"
#define EXAMPLE_BACKUP_FOLDER "main/backup/" EXAMPLE_BACKUP_ID "/"
#define EXAMPLE_EVENT_NAME "20261123T083000.000Z-pin.json"

/* The stored bytes of the only object, in base64, and what they decode to. */
#define EXAMPLE_OBJECT_NAME "globals.sql.aes"
#define EXAMPLE_OBJECT_BASE64 \
	"U2FsdGVkX19QUVJTVFVWV2s5+1/VXZ3C2/SOORPr/tTS33rd96OGoGm+sKc5ulQq"
#define EXAMPLE_OBJECT_PLAIN "CREATE ROLE erp;\n"

#define EXAMPLE_CLUSTER \
	"{\n" \
	"  \"format\": 1,\n" \
	"  \"system_identifier\": \"7307061402344213589\",\n" \
	"\"sha256\": \"5af66a4ca08ad121ee00f76783be8554a94a9c05c12c2def2d01ddf7a2846399\"}\n"

#define EXAMPLE_KEY \
	"{\n" \
	"  \"format\": 1,\n" \
	"  \"cluster_key\": \"114583e18ec47930\",\n" \
	"  \"created_at\": \"2026-11-22T17:59:59.000Z\",\n" \
	"  \"iterations\": 600000,\n" \
	"  \"wrapped\": \"U2FsdGVkX19AQUJDREVGR0iS7iWoUpKLbzw1O0sdoTdCkYTtdWyDBGVmudfEtplt29qymMz+ljhDcYTjoDouvVIXQno1Xz2tb9xXxQArUEDxHxEvxOCZ6dKF8A7OtWOF\",\n" \
	"  \"hmac_sha256\": \"7a0bf78917ece7be48a19c3dbd8dd0645423478a71c1fd194a3a7e9fa518f6a8\",\n" \
	"\"sha256\": \"f734119207fe03260a8f48e075c90b84b01c75de55f1c299481d9f61c6a0d8e9\"}\n"

#define EXAMPLE_MANIFEST \
	"{\n" \
	"  \"format\": 1,\n" \
	"  \"id\": \"20261122T180000Z-full\",\n" \
	"  \"type\": \"full\",\n" \
	"  \"cluster\": \"main\",\n" \
	"  \"system_identifier\": \"7307061402344213589\",\n" \
	"  \"server_version\": 150018,\n" \
	"  \"engine_version\": \"1.0\",\n" \
	"  \"started_at\": \"2026-11-22T18:00:00.123Z\",\n" \
	"  \"finished_at\": \"2026-11-22T18:00:07.456Z\",\n" \
	"  \"compression\": \"none\",\n" \
	"  \"cipher\": \"aes-256-cbc\",\n" \
	"  \"cluster_key\": \"114583e18ec47930\",\n" \
	"  \"data_key\": {\n" \
	"    \"iterations\": 1,\n" \
	"    \"wrapped\": \"U2FsdGVkX19ISUpLTE1OT7A68tLpmibUOHLKMZ3NZKI2YdddGjbuR1TaEkFhAMK7fOMnq2kTziiLR2MnSjPEVyT3DvMB6Ooi7eE1It/VhEhRuxGGCo/ReA/ubx7k7NGS\",\n" \
	"    \"hmac_sha256\": \"44ea973b323c2455e2ebe41f5798d92f7172feb8de512f34209f3db50a9e6802\"\n" \
	"  },\n" \
	"  \"verified_depth\": \"archive\",\n" \
	"  \"label\": null,\n" \
	"  \"schedule\": null,\n" \
	"  \"objects\": [\n" \
	"    {\n" \
	"      \"kind\": \"globals\",\n" \
	"      \"name\": \"globals.sql.aes\",\n" \
	"      \"size\": 17,\n" \
	"      \"stored_size\": 48,\n" \
	"      \"sha256\": \"5d29c185da5a63981731929cfd37c2282d03f301a805f9e94da765364cdbc744\"\n" \
	"    }\n" \
	"  ],\n" \
	"\"hmac_sha256\": \"4c7bdfdda57234caaa1b063d9fb244696d1754109254d883fead2930b7fac023\"}\n"

#define EXAMPLE_EVENT \
	"{\n" \
	"  \"format\": 1,\n" \
	"  \"backup\": \"20261122T180000Z-full\",\n" \
	"  \"kind\": \"pin\",\n" \
	"  \"at\": \"2026-11-23T08:30:00.000Z\",\n" \
	"  \"key\": null,\n" \
	"  \"value\": \"before the upgrade\",\n" \
	"\"hmac_sha256\": \"c90f9a91d557d38c67b958c4d6b75d51f3f5d936ac286b36130af3f6eef9532f\"}\n"

#endif
