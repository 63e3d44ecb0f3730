"""What a reader's function must leave as it was in the networks that it is given."""

from collections.abc import Mapping

from torch import nn

from gentutor.exercises._verdict import Wrong


def expect_trainable(networks: Mapping[str, nn.Module]) -> None:
    """Raise ``Wrong`` if a network is left frozen or in evaluation mode."""
    for name, network in networks.items():
        if not all(parameter.requires_grad for parameter in network.parameters()):
            raise Wrong(
                f"your function leaves {name} frozen: its parameters ask no more for gradients, and its next "
                "step would not train it. Turn requires_grad on again."
            )
        if not network.training:
            raise Wrong(f"your function leaves {name} in evaluation mode: call train() again, or no eval().")
