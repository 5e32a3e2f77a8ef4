/** What a campus is made of: its domains, departments, names and roles. Data only. */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Where addresses with entries live. The first is the campus itself; students and alumni have their own. */
export const DOMAINS = words(`
  campus.example cs.campus.example math.campus.example physics.campus.example bio.campus.example law.campus.example
  med.campus.example library.campus.example it.campus.example admin.campus.example students.campus.example alumni.campus.example`);

export const STUDENTS = "students.campus.example";
export const ALUMNI = "alumni.campus.example";
export const STAFF_DOMAINS = DOMAINS.filter((domain) => domain !== STUDENTS && domain !== ALUMNI);

/** Means the same as the first of the domains. */
export const ALIAS_DOMAIN = "campus-old.example";
/** People and groups of the pretended LDAP source. */
export const LDAP_DOMAIN = "id.campus.example";
export const LDAP_SOURCE = "people";
/** Mailboxes of the campus itself: not one of Mailroom's domains. */
export const MAILBOXES = "mbx.campus.example";

/** Where mail of people with a mailbox elsewhere goes. */
export const PROVIDERS = [
  { weight: 52, domain: "gmail.example" },
  { weight: 20, domain: "outlook.example" },
  { weight: 8, domain: "yahoo.example" },
  { weight: 8, domain: "icloud.example" },
  { weight: 6, domain: "hotmail.example" },
  { weight: 4, domain: "gmx.example" },
  { weight: 2, domain: "proton.example" },
] as const;

/** Some come twice, as they do. */
export const FIRST_NAMES = words(`
  ada adam agnes aisha alan albert alex alice amina amy ana andrea andrew angela anna anna anton ava barbara ben bianca
  boris carl carla carmen charles chen chiara chris clara claire daniel daniel david david diana dmitri eva edith elena ella
  emil emma emma eric erik esther fatima felix fiona frank gabriel george grace greta hanna hannah hans hassan helen henry
  hugo ida igor ines irene isabel ivan jack jakob james jan jana jane jin joan johan john john jonas jose julia julian
  karen karl katja kenji kim lars laura lea lena leo li lin linda lisa louis lucas lucy luis lydia maja marco maria
  maria marie mario mark marta martin mary max maya mei mia michael michael miguel mina mona nadia nick nina noah nora
  olga oliver omar oscar otto pablo paul paula pavel peter petra philip priya rachel ravi rita robert rosa ruth sam
  samira sandra sara sarah sean simon sofia sonja stefan sven tariq teresa thomas tim tina tom uma ursula vera victor
  wei willem xin yara yuki yusuf zoe`);

export const LAST_NAMES = words(`
  smith smith smith jones johnson williams brown davis miller wilson moore taylor anderson thomas jackson white harris
  martin garcia martinez robinson clark rodriguez lewis lee lee walker hall allen young hernandez king wright lopez hill
  scott green adams baker gonzalez nelson carter mitchell perez roberts turner phillips campbell parker evans edwards
  collins stewart sanchez morris rogers reed cook morgan bell murphy bailey rivera cooper richardson cox howard ward
  torres peterson gray ramirez watson brooks kelly sanders price bennett wood barnes ross henderson coleman jenkins
  perry powell long patterson hughes flores washington butler simmons foster bryant alexander russell griffin diaz hayes
  mueller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch bauer richter klein wolf schroeder
  neumann schwarz zimmermann braun krueger hofmann hartmann lange werner krause lehmann rossi russo ferrari esposito
  bianchi romano colombo ricci marino greco bruno gallo conti costa silva santos oliveira souza pereira lima carvalho
  ferreira almeida gomes nguyen tran le pham huynh vo dang bui do wang li zhang liu chen yang huang zhao wu zhou xu sun
  ma zhu hu guo he lin luo kim park choi jung kang cho yoon jang tanaka suzuki sato takahashi watanabe ito yamamoto
  nakamura kobayashi kato yoshida singh kumar sharma patel gupta khan ahmed ali hussain malik ivanov petrov sidorov
  novak svoboda dvorak kowalski nowak wojcik kaminski lewandowski hansen johansen olsen larsen andersen nilsen
  johansson andersson karlsson nilsson eriksson jansen devries vandenberg bakker visser dubois durand leroy moreau
  simon laurent lefebvre michel bertrand roux vincent fournier girard bonnet dupont lambert fontaine rousseau`);

export const DEPARTMENTS = words(`
  algebra astronomy bakery biochemistry botany cardiology chemistry classics compilers cryptography dermatology ecology
  economics facilities finance genetics geology geophysics graphics history housing hydrology hr immunology legal
  linguistics logic marine medicine music networks neurology nursing optics parking payroll pharmacy philosophy physiology
  procurement psychology radiology registry robotics security sociology sports statistics surgery systems theatre
  theology topology virology zoology`);

export const ROLES = words(`
  abuse accounts admissions bookings contact dean desk events exams feedback frontdesk head help info jobs lab office
  orders press reception registrar safety secretary seminars service support tickets tours webmaster welcome`);

export const LIST_FORMS = words(
  "all staff faculty students phd postdocs seminar committee alumni board reading-group jobs announce tutors",
);

export const NOTES = [
  "asked for by phone",
  "see ticket",
  "contract ends with the project",
  "maiden name, keep",
  "on parental leave, forward stays",
  "printer in room",
  "visiting from the partner university",
  "moved office, same number",
  "approved by the head of department",
  "from the old server, owner unknown",
] as const;
