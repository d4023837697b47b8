"""What people call a resource."""


def label(urn: str) -> str:
    """Its name behind the kinds of the components it is part of, as `Main/deployment`.

    Names are unique within a component only, and a report that said "deployment" three times would
    leave open which.
    """
    parts = urn.split("::", 3)
    if len(parts) < 4:
        return urn
    *parents, _ = parts[2].split("$")
    return "/".join([*(parent.rpartition(":")[2] for parent in parents), parts[3]])
