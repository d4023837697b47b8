"""GDPR: the articles that infrastructure gives evidence for, and the others."""

from policies.framework import Framework

FRAMEWORK = Framework(
    id="GDPR",
    pack="n8n-gdpr",
    name="GDPR",
    version="Regulation (EU) 2016/679",
    url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
    controls={
        "5(1)(b)": "Purpose limitation",
        "5(1)(e)": "Storage limitation",
        "15-17, 20": "Access, rectification, erasure and portability",
        "25": "Data protection by design and by default",
        "25(2)": "Data protection by default: access no wider than needed",
        "28": "Processors",
        "30": "Records of processing activities",
        "32": "Security of processing",
        "32(1)(a)": "Encryption of personal data",
        "32(1)(b)": "Ongoing confidentiality, integrity, availability and resilience",
        "32(1)(c)": "Restoration of availability and access after an incident",
        "32(1)(d)": "Regular testing of the security of processing",
        "33": "Notification of a breach to the supervisory authority",
        "34": "Communication of a breach to the data subject",
        "44-49": "Transfers to third countries",
    },
    not_shown={
        "5(1)(a), 6": "Lawful basis and fairness of each processing.",
        "5(1)(c)": "Minimisation inside workflows: what their authors let them read and store.",
        "7": "Consent, and proof of it.",
        "12-14": "Information given to data subjects.",
        "15-17, 20": "That an erasure job erases everything, backups and other systems included.",
        "24": "Responsibility and governance of the controller.",
        "28": "That agreements with processors are signed, and kept.",
        "30": "That the records are complete, and tags are true.",
        "32(1)(d)": "That a restore succeeded; only its own record shows it.",
        "33, 34": "That a breach is recognised and reported within 72 hours.",
        "35": "Impact assessments.",
        "37-39": "The data protection officer.",
        "all": "That measures were effective over time, and that nothing has changed since the "
        "deployment: this report shows the declared configuration on one day.",
    },
)
