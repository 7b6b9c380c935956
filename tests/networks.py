"""The networks of the tests that interrupt a run or watch it train."""

# Dropout, batch normalisation and momentum carry state from step to step. An epoch takes long enough to be interrupted.
STATEFUL = "1x28x28 conv16k3p1 relu avgpool2 bn conv48k3p1 relu avgpool2 flatten dropout0.1 linear50 relu linear10"

SLOW = "1x28x28 conv32k3p1 relu conv32k3p1 relu maxpool7 flatten linear10"
"""200 epochs on the digits take minutes. No machine finishes them during a test."""

LONG = f"epochs-digits=200&network={SLOW.replace(' ', '+')}"
"""The URL parameters of a race that is still running when a test looks at it, on any machine."""
