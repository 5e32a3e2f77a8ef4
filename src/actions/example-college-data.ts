/** Example College, a made-up campus for the demo and for trying things out. The domains are reserved for examples (RFC 2606 §2). */

/** Faculty, staff or student; `phd` are students as well. */
type Position = "faculty" | "staff" | "student" | "phd";
/** Units with a list for each position and one for all. `cs` has a domain of its own. */
type Unit = "cs" | "math" | "bio" | "library" | "office" | "it";

/** A person: account (the name of the final mailbox), name, unit, position. The address is made from the name. */
export type Person = readonly [account: string, name: string, unit: Unit, position: Position];

export const CAMPUS = "campus.example";
export const CS = "cs.campus.example";
/** Every address of the campus also works at this domain, for those who left. */
export const ALUMNI = "alumni.campus.example";
/** Where final mailboxes live. Not one of the mail room's own domains: outsiders cannot write to it past the mail room. */
export const MAILBOXES = "mbx.campus.example";

export const people: readonly Person[] = [
  ["alee", "Ann Lee", "cs", "faculty"],
  ["bokafor", "Ben Okafor", "cs", "faculty"],
  ["cmoreau", "Claire Moreau", "cs", "faculty"],
  ["dnovak", "Daniel Novak", "cs", "faculty"],
  ["eschmidt", "Eva Schmidt", "cs", "staff"],
  ["ftanaka", "Fumiko Tanaka", "cs", "staff"],
  ["grossi", "Giulia Rossi", "cs", "phd"],
  ["hsingh", "Harpreet Singh", "cs", "phd"],
  ["iabebe", "Ife Abebe", "cs", "phd"],
  ["jkim", "Jisoo Kim", "cs", "student"],
  ["klopez", "Karla Lopez", "cs", "student"],
  ["lmeier", "Lukas Meier", "cs", "student"],
  ["mwest", "Maya West", "cs", "student"],
  ["nberg", "Nils Berg", "cs", "student"],
  ["ocruz", "Oscar Cruz", "cs", "student"],
  ["pdubois", "Paul Dubois", "math", "faculty"],
  ["qchen", "Qiu Chen", "math", "faculty"],
  ["rpatel", "Ravi Patel", "math", "faculty"],
  ["sjones", "Sarah Jones", "math", "staff"],
  ["tvarga", "Tamas Varga", "math", "phd"],
  ["uhassan", "Umar Hassan", "math", "student"],
  ["vsilva", "Vera Silva", "math", "student"],
  ["wbrown", "Will Brown", "math", "student"],
  ["xliu", "Xin Liu", "math", "student"],
  ["yito", "Yuki Ito", "bio", "faculty"],
  ["zkhan", "Zara Khan", "bio", "faculty"],
  ["amartin", "Alice Martin", "bio", "faculty"],
  ["bandersen", "Bo Andersen", "bio", "staff"],
  ["cnguyen", "Chi Nguyen", "bio", "phd"],
  ["dobrien", "Dara O'Brien", "bio", "phd"],
  ["ewright", "Emma Wright", "bio", "student"],
  ["fadeyemi", "Femi Adeyemi", "bio", "student"],
  ["ggarcia", "Gabriel Garcia", "bio", "student"],
  ["hlarsen", "Hanna Larsen", "bio", "student"],
  ["ikowalski", "Igor Kowalski", "library", "staff"],
  ["jbaker", "Jane Baker", "library", "staff"],
  ["kmuller", "Kai Muller", "library", "staff"],
  ["lfischer", "Lena Fischer", "library", "staff"],
  ["mgreen", "Martin Green", "office", "staff"],
  ["nhall", "Nora Hall", "office", "staff"],
  ["oyoung", "Olive Young", "office", "staff"],
  ["pking", "Peter King", "office", "staff"],
  ["rscott", "Ruth Scott", "office", "staff"],
  ["sadams", "Simon Adams", "office", "staff"],
  ["tclark", "Tess Clark", "office", "staff"],
  ["ulewis", "Ursula Lewis", "office", "staff"],
  ["vhill", "Victor Hill", "it", "staff"],
  ["wmoore", "Wanda Moore", "it", "staff"],
  ["yreed", "Yann Reed", "it", "staff"],
  ["zwood", "Zoe Wood", "it", "staff"],
];

/** `Dara O'Brien` → dara.obrien@campus.example */
export const addressOf = (name: string): string => `${name.toLowerCase().replaceAll("'", "").replaceAll(" ", ".")}@${CAMPUS}`;

/** Addresses of a role: who holds it now may change, the address stays. Targets without a domain are of the campus. */
export const roles: Readonly<Record<string, readonly string[]>> = {
  [`helpdesk@${CAMPUS}`]: ["victor.hill", "wanda.moore"],
  [`night-desk@${CAMPUS}`]: ["helpdesk"],
  [`postmaster@${CAMPUS}`]: ["yann.reed"],
  [`abuse@${CAMPUS}`]: ["postmaster", "zoe.wood"],
  [`security@${CAMPUS}`]: ["zoe.wood"],
  [`webmaster@${CAMPUS}`]: ["helpdesk"],
  [`president@${CAMPUS}`]: ["martin.green", "nora.hall"],
  [`registrar@${CAMPUS}`]: ["olive.young", "peter.king"],
  [`admissions@${CAMPUS}`]: ["registrar", "ruth.scott"],
  [`careers@${CAMPUS}`]: ["simon.adams"],
  [`library@${CAMPUS}`]: [`library-staff@${CAMPUS}`],
  [`dean@${CS}`]: ["ann.lee"],
  [`office@${CS}`]: ["eva.schmidt", "fumiko.tanaka"],
  [`postmaster@${CS}`]: ["postmaster"],
  [`reunion-1999@${CAMPUS}`]: ["careers", "old.friend@elsewhere.example"], // one target leaves the campus
  [`robotics@${CS}`]: ["ben.okafor", "maya.west", "retired.professor"], // the last one is a dead end: nobody has that address
};

/** The list that holds all others: lists of all faculty, all staff, all students, and in them those of the units. */
export const EVERYONE = `everyone@${CAMPUS}`;

/** Whose address was switched off, and is still a target of an office. */
export const FORMER_DEAN = `former.dean@${CAMPUS}`;

/** What nobody may save: the help desk would send its mail to the night desk, which sends it back. */
export const loopAttempt = { address: `helpdesk@${CAMPUS}`, targets: [`victor.hill@${CAMPUS}`, `night-desk@${CAMPUS}`] };
