"""The keys of the merchants that the gateways know: made up, and shaped like real ones. Needs no Django.

Two merchants each: ours, and a foreign one whose keys are as good as ours and whose money is none of our business.
"""

PAYSTACK = {
    ("ours", "test"): "sk_test_sandbox000000000000000000000000000ours",
    ("ours", "live"): "sk_live_sandbox000000000000000000000000000ours",
    ("foreign", "test"): "sk_test_sandbox000000000000000000000000foreign",
    ("foreign", "live"): "sk_live_sandbox000000000000000000000000foreign",
}
FLUTTERWAVE = {
    ("ours", "test"): "FLWSECK_TEST-sandbox0000000000000000000000ours-X",
    ("ours", "live"): "FLWSECK-sandbox0000000000000000000000ours-X",
    ("foreign", "test"): "FLWSECK_TEST-sandbox0000000000000000000foreign-X",
    ("foreign", "live"): "FLWSECK-sandbox0000000000000000000foreign-X",
}
# Flutterwave proves its webhooks with a word that the merchant chose.
FLUTTERWAVE_HASHES = {"ours": "sandbox-secret-hash-ours", "foreign": "sandbox-secret-hash-foreign"}
